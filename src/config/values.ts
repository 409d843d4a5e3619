// Values of partition.conf as text: sizes and paths. Pure.

const units = { K: 1024n, M: 1024n ** 2n, G: 1024n ** 3n, T: 1024n ** 4n } as const
const MiB = units.M

/** The bytes of a size such as `20G`. K, M, G and T are powers of 1024. Only whole MiB count, since partitions lie on them. */
export const parseSize = (text: string): bigint | undefined => {
  const match = /^([1-9][0-9]{0,8})([KMGT])$/.exec(text)
  if (match === null) return undefined
  const bytes = BigInt(match[1] ?? '') * units[match[2] as keyof typeof units]
  return bytes % MiB === 0n && bytes <= 1024n * units.T ? bytes : undefined
}

export const printSize = (bytes: bigint): string => {
  for (const [unit, factor] of [
    ['T', units.T],
    ['G', units.G],
  ] as const)
    if (bytes % factor === 0n) return `${bytes / factor}${unit}`
  return `${bytes / MiB}M`
}

const aPath = /^(?:\/[A-Za-z0-9._+@-]+)+$/
export const isPath = (text: string): boolean => aPath.test(text) && !/\/\.\.?(?:\/|$)/.test(text)
// The boot mounts the kernel's own file systems and /run. A volume there would hide them, or they would hide the volume.
export const isMountPoint = (text: string): boolean =>
  isPath(text) && !/^\/(?:proc|sys|dev|run)(?:\/|$)/.test(text)

/** Whether a path may lie on a volume of data. Programs and settings stay on the verified root. */
export const isOfData = (text: string): boolean =>
  isMountPoint(text) && text.length <= 200 && !/^\/(?:etc|usr|bin|sbin|lib|lib64|boot)(?:\/|$)/.test(text)

/** Whether no path is equal to another one or lies inside another one. */
export const apart = (paths: readonly string[]): boolean =>
  paths.every((a, i) => paths.every((b, j) => i === j || !`${b}/`.startsWith(`${a}/`)))

/** The words of a text, which spaces separate. */
export const listOf = (text: string): string[] => text.split(' ').filter((word) => word !== '')

export const once = (words: readonly string[]): boolean => new Set(words).size === words.length

/** `a, b or c` */
export const either = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
