// The checks of mounts: compares each planned mount of a running machine with its proof, in one finding each. Pure.

import { fail } from '../fault/index.ts'
import type { VolumeName } from '../layout/layout.ts'
import { storeDiffers } from '../proof/container-store.ts'
import { directoryDiffers } from '../proof/directory.ts'
import { layerDiffers } from '../proof/layer.ts'
import { evidenceOf } from '../proof/state.ts'
import { tmpfsDiffers } from '../proof/tmpfs.ts'
import { type OnDisk, volumeMountDiffers, volumeOptions } from '../proof/volume-mount.ts'
import { ext4OptionsPath } from '../system/ext4.ts'
import { outside } from '../system/new-root.ts'
import { inodesOf } from '../system/tmpfs.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { StepOf } from './planned.ts'
import { deviceOf, mountOn, type Scene } from './scene.ts'

const finding = (target: string, reason: string | undefined, says: string): Finding =>
  reason === undefined
    ? good(`mount ${target}`, says)
    : bad(`mount ${target}`, fail('verify-mount', { target, reason }).fault)

type MountedVolume = { readonly name: VolumeName; readonly protection: OnDisk; readonly mount: string }

/** `major:minor` of the device that a volume has to be mounted from; `none` where there is no such device. */
const devOf = (scene: Scene, { name, protection, mount }: MountedVolume): string => {
  if (protection !== 'none') return scene.system.mapping(name)?.dev ?? 'none'
  const dev = mountOn(scene, mount)?.dev
  return dev !== undefined && deviceOf(scene.system, dev).partition === name ? dev : 'none'
}

export const checkVolumeMount = (scene: Scene, volume: MountedVolume): Finding => {
  const { name, protection, mount: target } = volume
  const mount = mountOn(scene, target)
  const device = mount === undefined ? undefined : (deviceOf(scene.system, mount.dev).name ?? mount.dev)
  const ext4 = device === undefined ? undefined : scene.system.text(ext4OptionsPath(device))
  const reason = volumeMountDiffers({ protection, mount: target, dev: devOf(scene, volume) }, mount, ext4)
  const options = volumeOptions(protection, target).join(',')
  const after = protection === 'verity' ? '' : ', read-only after an error'
  return finding(target, reason, `${name}, ${mount?.type}, ${options}${after}`)
}

export const checkTmpfs = ({ target, size }: StepOf<'mount-tmpfs'>, scene: Scene): Finding => {
  const path = outside(target)
  const reason = tmpfsDiffers(size, scene.system.kernel(), mountOn(scene, path))
  return finding(path, reason, `tmpfs, at most ${size / 1024n ** 2n} MiB in ${inodesOf(size)} files`)
}

export const checkLayer = ({ path, over, upper }: StepOf<'overlay'>, scene: Scene): Finding => {
  const directories = over.map(({ directory }) => directory)
  const reason = layerDiffers({ path, directories, upper }, mountOn(scene, path))
  const says = upper === undefined ? 'layers, read-only' : 'layers, writes go to memory'
  return finding(path, reason, says)
}

/**
 * Checks the directories to which the boot gave memory, as the state says. Without its mount, an engine would write to the
 * layer beneath.
 */
export const checkStores = ({ stores }: StepOf<'container-stores'>, scene: Scene): Finding[] => {
  const made = evidenceOf(scene.state, 'container-stores').flatMap((evidence) => evidence.stores)
  return stores
    .filter(({ path }) => made.includes(path))
    .map(({ path }) =>
      finding(path, storeDiffers(path, mountOn(scene, path)), 'memory of the layers, for containers'),
    )
}

export const checkDirectory = ({ path }: StepOf<'bind-directory'>, scene: Scene): Finding =>
  finding(
    path,
    directoryDiffers(path, scene.system.mapping('workspace')?.dev, mountOn(scene, path)),
    'on workspace',
  )
