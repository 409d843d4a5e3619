// Values of partition.conf as text: sizes and paths. Pure.

const units = { K: 1024n, M: 1024n ** 2n, G: 1024n ** 3n, T: 1024n ** 4n } as const
const MiB = units.M

/** `20G` -> bytes. K, M, G, T are powers of 1024; whole MiB only, since partitions lie on them. */
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
// The kernel's own file systems and /run come with the boot; a volume there would be hidden or hide them.
export const isMountPoint = (text: string): boolean =>
  isPath(text) && !/^\/(?:proc|sys|dev|run)(?:\/|$)/.test(text)

/** What lies here is data: programs and settings stay where they are verified. */
export const isOfData = (text: string): boolean =>
  isMountPoint(text) && text.length <= 200 && !/^\/(?:etc|usr|bin|sbin|lib|lib64|boot)(?:\/|$)/.test(text)

/** No path is, or lies inside, another. */
export const apart = (paths: readonly string[]): boolean =>
  paths.every((a, i) => paths.every((b, j) => i === j || !`${b}/`.startsWith(`${a}/`)))

/** Words with spaces between. */
export const listOf = (text: string): string[] => text.split(' ').filter((word) => word !== '')

export const once = (words: readonly string[]): boolean => new Set(words).size === words.length

/** `a, b or c` */
export const either = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
