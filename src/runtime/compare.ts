// The checks of `verify`: what runs now against what the measured command line and configuration demand, one finding each.
// Pure over system.ts. Root of this machine can change what is asked here; the host, who is not root, cannot.

import { fail } from '../fault/index.ts'
import { headerDigest } from '../layout/luks2/digest.ts'
import { headerAreaBytes } from '../layout/luks2/luks2.ts'
import { saysWiped } from '../machine/sev-guest.ts'
import { volumeIn } from '../proof/state.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import { checkDevices } from './check-devices.ts'
import { checkMachineId } from './check-machine-id.ts'
import { checkKeysInTables, checkMappings } from './check-mappings.ts'
import { checkMitigations } from './check-mitigations.ts'
import { checkMounts } from './check-mounts.ts'
import { checkSettings } from './check-settings.ts'
import type { Of, Scene } from './scene.ts'

const swapInUse = ({ system }: Scene): Finding => {
  const listed = (system.text('/proc/swaps') ?? '').split('\n').slice(1)
  const [device] = listed.map((line) => line.split(/\s/)[0] ?? '').filter((name) => name !== '')
  return device === undefined
    ? good('swap', 'none in use')
    : bad('swap', fail('verify-swap', { device }).fault)
}

const header = (scene: Scene, { name }: Of<'crypt'>): Finding => {
  const headerBad = (reason: string) =>
    bad(`header ${name}`, fail('verify-header', { volume: name, reason }).fault)
  const known = volumeIn(scene.state, name)?.opened
  if (known?.kind !== 'open-lasting') return headerBad('the state does not say what it was')
  const device = known.data
  const area = scene.system.read(device, 0n, headerAreaBytes)
  const spare = scene.system.read(device, BigInt(headerAreaBytes), headerAreaBytes)
  if (area === undefined || spare === undefined) return headerBad(`${device} cannot be read`)
  if (headerDigest(area) !== known.header)
    return headerBad(`on ${device} is not the one that this boot opened`)
  if (!spare.every((byte) => byte === 0)) return headerBad(`on ${device} has another one behind it`)
  return good(`header ${name}`, 'on the disk it is the one that this boot opened')
}

const tee = ({ system, expected }: Scene): Finding[] => {
  const here = system.names('/dev').includes('sev-guest')
  if (expected.tee === 'closed')
    return [here ? bad('TEE', fail('verify-tee', {}).fault) : good('TEE', 'what derives keys is gone')]
  if (!here) return []
  // Nobody asks the firmware only to see whether it answers: on a busy host that may be what ends the channel.
  const wiped = system.teeRefuses() || saysWiped(system.kernelLog())
  return [
    wiped ? bad('TEE', fail('verify-tee-wiped', {}).fault) : good('TEE', 'the kernel can ask its firmware'),
  ]
}

/** All checks, in the order in which they are said. */
export const compare = (scene: Scene): Finding[] => {
  const lasting = scene.expected.volumes.filter(
    (volume): volume is Of<'crypt'> => volume.protection === 'crypt' && volume.key === 'lasts',
  )
  return [
    ...checkMappings(scene),
    ...checkKeysInTables(scene),
    ...checkMounts(scene),
    checkMachineId(scene),
    ...checkDevices(scene),
    swapInUse(scene),
    ...checkSettings(scene),
    checkMitigations(scene.system),
    ...lasting.map((volume) => header(scene, volume)),
    ...tee(scene),
  ]
}
