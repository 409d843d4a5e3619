// The rows of a manifest beside the launch that a TEE reports: the row that is equal; else the nearest rows, and the known
// differences. Pure.

import type { TdReport } from '../evidence/td-report.ts'
import { cpuSignature, cpuTypes, signatureOf } from '../measure/cpu-types.ts'
import type { Manifest } from '../measure/manifest.ts'

/** What this VM's kernel shows of the launch: the texts of /proc/cpuinfo and /proc/cmdline. */
export type Seen = { readonly cpuinfo: string; readonly cmdline: string }

export type Compared = {
  readonly verdict: 'predicted' | 'not predicted'
  /** The value of the equal row, or of the nearest row where there is one such value. */
  readonly predicted: string | undefined
  /** The equal row in words, or the known differences. */
  readonly words: string
}

type Row = Manifest['snp'][number]

const onlyOne = (values: readonly string[]): string | undefined => {
  const [first, ...others] = new Set(values)
  return others.length === 0 ? first : undefined
}

const orOf = (words: readonly string[]): string => [...new Set(words)].join(' or ')

/** Types with the same signature have the same digest, so that several rows can be equal. */
const rowWords = (rows: readonly Row[]): string =>
  `${orOf(rows.map(({ firmware }) => firmware))}, ${orOf(rows.map(({ vcpus }) => `${vcpus}`))} x ${orOf(rows.map(({ vcpuType }) => vcpuType))}, guest features ${orOf(rows.map(({ guestFeatures }) => guestFeatures))}`

/** The processors that the kernel shows. The host chooses the signature, and the launch digest covers the signature. */
const processorsOf = (
  cpuinfo: string,
): { readonly count: number; readonly signature: number } | undefined => {
  const numberOf = (name: string): number =>
    Number(new RegExp(`^${name}\\s*:\\s*(\\d{1,4})$`, 'm').exec(cpuinfo)?.[1] ?? Number.NaN)
  const [family, model, stepping] = [numberOf('cpu family'), numberOf('model'), numberOf('stepping')]
  const count = cpuinfo.match(/^processor\s*:/gm)?.length ?? 0
  if (count === 0 || [family, model, stepping].some(Number.isNaN)) return undefined
  return { count, signature: signatureOf({ family, model, stepping }) }
}

/** A manifest of another program may name a type that this program does not know. */
const hasSignature = ({ vcpuType }: Row, signature: number): boolean =>
  cpuTypes.includes(vcpuType) && cpuSignature(vcpuType) === signature

/** The firmware of QEMU adds the last word to the command line of a direct boot. */
const ownCmdline = (cmdline: string): string => cmdline.replace(/\n$/, '').replace(/ initrd=initrd$/, '')

const cmdlineDiffers = ({ inputs }: Manifest, { cmdline }: Seen): readonly string[] =>
  inputs.cmdline !== null && inputs.cmdline.text.trim() !== ownCmdline(cmdline).trim()
    ? ['the kernel has another command line than the manifest']
    : []

/** The rows for the processors of this VM, and the reasons why there are none. */
const nearest = (
  rows: readonly Row[],
  seen: Seen,
): { readonly rows: readonly Row[]; readonly lacks: readonly string[] } => {
  const processors = processorsOf(seen.cpuinfo)
  if (processors === undefined) return { rows, lacks: [] }
  const { count, signature } = processors
  const ofCount = rows.filter(({ vcpus }) => vcpus === count)
  const ofType = rows.filter((row) => hasSignature(row, signature))
  const lacks = [
    ...(ofCount.length > 0
      ? []
      : [
          `the manifest has no row for ${count} processors, but for ${orOf(rows.map(({ vcpus }) => `${vcpus}`))}`,
        ]),
    ...(ofType.length > 0
      ? []
      : [
          `the manifest has no row for processors with the signature 0x${signature.toString(16)}, but for ${orOf(rows.map(({ vcpuType }) => vcpuType))}`,
        ]),
  ]
  return { rows: ofCount.filter((row) => ofType.includes(row)), lacks }
}

/** `seen` is undefined for a VM that is not this one. */
export const compareSnp = (manifest: Manifest, digest: string, seen: Seen | undefined): Compared => {
  const equal = manifest.snp.filter((row) => row.digest === digest)
  if (equal.length > 0) return { verdict: 'predicted', predicted: digest, words: rowWords(equal) }
  const none = { verdict: 'not predicted' } as const
  if (manifest.snp.length === 0)
    return { ...none, predicted: undefined, words: 'the manifest has no row for SEV-SNP' }
  if (seen === undefined)
    return { ...none, predicted: undefined, words: `none of the ${manifest.snp.length} rows is equal` }
  const { rows, lacks } = nearest(manifest.snp, seen)
  const known = [...lacks, ...cmdlineDiffers(manifest, seen)]
  const words =
    known.length > 0
      ? known.join('; ')
      : `nearest is ${rowWords(rows)}: the firmware, the kernel, the initramfs or the guest features differ`
  return { ...none, predicted: onlyOne(rows.map(({ digest }) => digest)), words }
}

type Value = { readonly value: string; readonly when: string; readonly firmware?: string }

const register = (name: string, values: readonly Value[], found: string) => {
  const equal = values.filter(({ value }) => value === found)
  const like = orOf(
    equal.map(({ firmware, when }) => (firmware === undefined ? when : `${firmware} (${when})`)),
  )
  const words =
    values.length === 0
      ? `the manifest has no ${name}`
      : equal.length === 0
        ? `${name} differs`
        : `${name} is of: ${like}`
  return { isEqual: equal.length > 0, words }
}

/** A TD is predicted where MRTD, RTMR 1 and RTMR 2 are. */
export const compareTdx = ({ tdx }: Manifest, { mrTd, rtmrs }: TdReport): Compared => {
  const registers = [
    register('MRTD', tdx.mrtd, mrTd),
    register('RTMR 1', tdx.rtmr1, rtmrs[1]),
    register('RTMR 2', tdx.rtmr2, rtmrs[2]),
  ]
  const [first] = registers
  return {
    verdict: registers.every(({ isEqual }) => isEqual) ? 'predicted' : 'not predicted',
    predicted: first?.isEqual === true ? mrTd : onlyOne(tdx.mrtd.map(({ value }) => value)),
    words: registers.map(({ words }) => words).join('; '),
  }
}
