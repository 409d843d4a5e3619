// Numbers of bytes as texts for people, in powers of 1024. Pure. config/values.ts reads and prints the sizes in partition.conf.

const KiB = 1024
const MiB = 1024 ** 2
const GiB = 1024 ** 3

/** `512.0 MiB`, with one decimal. The unit is KiB below 1 MiB, and GiB from 10 GiB on. */
export const inTenths = (bytes: bigint | number): string => {
  const count = Number(bytes)
  if (count < MiB) return `${(count / KiB).toFixed(1)} KiB`
  return count < 10 * GiB ? `${(count / MiB).toFixed(1)} MiB` : `${(count / GiB).toFixed(1)} GiB`
}

/** `512 MiB`: whole MiB, rounded. */
export const inMebibytes = (bytes: bigint | number): string => `${Math.round(Number(bytes) / MiB)} MiB`

/** `512 MiB`: whole MiB, rounded down. From 10 GiB on, GiB with one decimal. */
export const inWholes = (bytes: bigint | number): string => {
  const whole = Math.floor(Number(bytes) / MiB)
  return Number(bytes) < 10 * GiB ? `${whole} MiB` : `${(whole / 1024).toFixed(1)} GiB`
}

/** `512M`, `1.5G`: at most four characters for sizes below 10 TiB. */
export const inFourCharacters = (bytes: bigint | number): string => {
  const kibibytes = Math.round(Number(bytes) / KiB)
  const mebibytes = Math.round(Number(bytes) / MiB)
  const gibibytes = Number(bytes) / GiB
  if (kibibytes < 1024) return `${kibibytes}K`
  if (mebibytes < 1024) return `${mebibytes}M`
  return `${gibibytes.toFixed(gibibytes < 9.95 ? 1 : 0)}G`
}
