// What must hold of the mount of a volume: the device, the type of the file system, and the options that the protection of the
// volume asks for. ext4 has to stop all writes where ext4 finds an error. Pure.

import type { Protection } from '../layout/layout.ts'
import { isReadOnlyOnError, readOnlyOnError } from '../system/ext4.ts'
import { wholeMountDiffers } from './mount.ts'
import type { SeenMount } from './seen.ts'

/** How a volume on a disk is protected. */
export type OnDisk = Exclude<Protection, 'tmpfs'>

/** The options of the mount, as mountinfo shows them. The root volume may have setuid programs and devices. */
export const volumeOptions = (protection: OnDisk, mount: string): readonly string[] => {
  if (protection === 'verity') return mount === '/' ? ['ro'] : ['ro', 'nosuid', 'nodev']
  const writable = ['rw', 'nosuid', 'nodev']
  return protection === 'crypt' ? writable : [...writable, 'noexec', 'nosymfollow']
}

const types = { verity: ['erofs', 'squashfs', 'ext4'], crypt: ['ext4'], none: ['ext4'] } as const

/** The proof for ext4 on a disk that the host can change: ext4 has met no error so far, and would stop all writes on one. */
const brokenReason = ({ superOptions }: SeenMount, ext4Options: string | undefined): string | undefined => {
  // From Linux 6.15, ext4 calls this state `emergency_ro`.
  if (superOptions.includes('ro') || superOptions.includes('emergency_ro'))
    return 'its file system takes no more writes, as after an error in it'
  return isReadOnlyOnError(ext4Options) ? undefined : `it is not mounted ${readOnlyOnError}`
}

export type VolumeMount = {
  readonly protection: OnDisk
  /** The mount point in the running system. */
  readonly mount: string
  /** `major:minor` of the mapping, or of the partition of a plain volume. */
  readonly dev: string
}

/** `ext4Options`: the text of the file `ext4OptionsPath`; the proof of a verified volume does not use the text. */
export const volumeMountDiffers = (
  { protection, mount: path, dev }: VolumeMount,
  mount: SeenMount | undefined,
  ext4Options: string | undefined,
): string | undefined => {
  const expected = { dev, types: types[protection], options: volumeOptions(protection, path) }
  const reason = wholeMountDiffers(expected, mount)
  if (reason !== undefined || mount === undefined || protection === 'verity') return reason
  return brokenReason(mount, ext4Options)
}
