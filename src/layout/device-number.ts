// The number of a device, `major:minor`, as device-mapper's tables, mountinfo and /sys write it: print / parse. Pure.

/** Whether a text is such a number. */
export const isDeviceNumber = (text: string): boolean => /^\d+:\d+$/.test(text)

/**
 * The number out of `st_dev` or `st_rdev`, as makedev(3) of glibc packs it. The kernel packs numbers of devices in the same
 * way (huge_encode_dev of include/linux/kdev_t.h): bits 0-7 of the minor, 12 bits of the major, all other bits of the minor.
 */
export const printDeviceNumber = (packed: number | bigint): string => {
  const all = BigInt(packed)
  const major = ((all >> 8n) & 0xfffn) | ((all >> 32n) & 0xfffff000n)
  const minor = (all & 0xffn) | ((all >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}

/** The same number packed. RangeError for a text that is no number of a device, which is a defect of the caller. */
export const packDeviceNumber = (text: string): bigint => {
  if (!isDeviceNumber(text)) throw new RangeError(`no number of a device: ${text}`)
  const [major = 0n, minor = 0n] = text.split(':').map(BigInt)
  return (minor & 0xffn) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | ((major & ~0xfffn) << 32n)
}
