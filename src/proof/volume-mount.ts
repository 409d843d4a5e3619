// What must hold of the mount of a volume: its device, the type of its file system, the options that its protection asks for,
// and that ext4 stops writing where it finds an error. Pure.

import type { Protection } from '../layout/layout.ts'
import { isReadOnlyOnError, readOnlyOnError } from '../system/ext4.ts'
import { wholeMountDiffers } from './mount.ts'
import type { SeenMount } from './seen.ts'

/** How a volume on a disk is protected. */
export type OnDisk = Exclude<Protection, 'tmpfs'>

/** Options that mountinfo shows of the mount. The root itself may have setuid programs and devices. */
export const volumeOptions = (protection: OnDisk, mount: string): readonly string[] => {
  if (protection === 'verity') return mount === '/' ? ['ro'] : ['ro', 'nosuid', 'nodev']
  const writable = ['rw', 'nosuid', 'nodev']
  return protection === 'crypt' ? writable : [...writable, 'noexec', 'nosymfollow']
}

const types = { verity: ['erofs', 'squashfs', 'ext4'], crypt: ['ext4'], none: ['ext4'] } as const

/** Of ext4 on a disk that the host can change: what ext4 does, or has done, where it finds an error in its tables. */
const brokenReason = ({ superOptions }: SeenMount, ext4Options: string | undefined): string | undefined => {
  // Linux 6.15 calls it `emergency_ro`.
  if (superOptions.includes('ro') || superOptions.includes('emergency_ro'))
    return 'its file system takes no more writes, as after an error in it'
  return isReadOnlyOnError(ext4Options) ? undefined : `it is not mounted ${readOnlyOnError}`
}

export type VolumeMount = {
  readonly protection: OnDisk
  /** Where the running system has the volume. */
  readonly mount: string
  /** `major:minor` of the mapping, or of the partition of a plain volume. */
  readonly dev: string
}

/** `ext4Options`: the text of `ext4OptionsPath`; a verified volume needs none. */
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
