// Composes a recipe from a manifest and the choices of the user. Where the manifest has one value, the value needs no choice. Pure.

import { fail } from '../fault/index.ts'
import type { Manifest, ManifestFile } from '../measure/manifest.ts'
import {
  type BootFrom,
  type Disk,
  type Expected,
  hostDataBytes,
  type Input,
  type Recipe,
  type SignedIdBlock,
  type Tee,
} from './recipe.ts'

/** The options of the verb, by their names. */
export type Choices = {
  readonly tee: Tee
  readonly name: string
  readonly firmware: string | undefined
  readonly kernel: string | undefined
  readonly initramfs: string | undefined
  readonly vcpus: string | undefined
  readonly 'vcpu-type': string | undefined
  readonly 'guest-features': string | undefined
  readonly memory: string
  readonly 'host-data': string | undefined
  readonly 'id-block': 'on' | 'off' | undefined
  readonly disk: readonly string[]
  readonly serial: readonly string[]
}

type Row = Manifest['snp'][number]

const mostShown = 12
const listed = (values: readonly string[]): string =>
  values.slice(0, mostShown).join(', ') +
  (values.length > mostShown ? `, and ${values.length - mostShown} more` : '')

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)]

/** The given value where the manifest has it, or the manifest's only one. Faults: `launch-choice`, `launch-not-predicted`. */
const chosen = (option: string, given: string | undefined, all: readonly string[]): string => {
  const known = unique(all)
  const [only, ...others] = known
  if (given === undefined) {
    if (only !== undefined && others.length === 0) return only
    throw fail('launch-choice', { option, found: listed(known) })
  }
  if (known.includes(given)) return given
  throw fail('launch-not-predicted', { option, found: given.slice(0, 100), known: listed(known) })
}

/** Faults: `launch-path`. */
const printable = (option: string, path: string): string => {
  if (path === '' || /\p{Cc}/u.test(path)) throw fail('launch-path', { option })
  return path
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const inputAt = (option: string, path: string | undefined, file: ManifestFile): Input => ({
  path: printable(option, path ?? file.name),
  sha256: file.sha256,
})

const incomplete = (reason: string): never => {
  throw fail('launch-incomplete', { reason })
}

const refuseForTee = (option: string, tee: Tee, reason: string): never => {
  throw fail('launch-tee', { option, tee, reason })
}

const bootOf = ({ inputs }: Manifest, { kernel, initramfs, disk, tee, firmware }: Choices): BootFrom => {
  if (inputs.kernel !== null)
    return {
      kind: 'direct',
      kernel: inputAt('--kernel', kernel, inputs.kernel),
      initramfs: inputs.initramfs === null ? undefined : inputAt('--initramfs', initramfs, inputs.initramfs),
      cmdline: inputs.cmdline?.text ?? '',
    }
  if (kernel !== undefined || initramfs !== undefined)
    return incomplete('the manifest has no kernel, so nothing predicts a direct boot')
  if (disk.length === 0)
    return incomplete('the manifest has no kernel, so the VM boots from a disk, and --disk is missing')
  if (tee === 'none' && firmware === undefined)
    return incomplete('a disk that boots by itself needs a UEFI firmware, and --firmware is missing')
  return { kind: 'disk' }
}

/** A firmware is chosen by its name in the manifest; the directories of the path are the user's. */
const firmwareOf = (
  { inputs, snp, tdx }: Manifest,
  { firmware, tee }: Choices,
): { readonly name: string; readonly input: Input } | undefined => {
  if (tee === 'none') {
    if (firmware === undefined) return undefined
    const file = inputs.firmware.find(({ name }) => name === nameOf(firmware))
    return {
      name: nameOf(firmware),
      input: { path: printable('--firmware', firmware), sha256: file?.sha256 ?? '' },
    }
  }
  const predicted = (tee === 'snp' ? snp : tdx.mrtd).map((row) => row.firmware)
  if (predicted.length === 0)
    return incomplete(`the manifest has no firmware that ${tee === 'snp' ? 'SEV-SNP' : 'TDX'} starts`)
  if (firmware !== undefined) printable('--firmware', firmware)
  const name = chosen('--firmware', firmware === undefined ? undefined : nameOf(firmware), predicted)
  const file = inputs.firmware.find((one) => one.name === name)
  if (file === undefined) return incomplete(`the manifest does not describe the firmware ${name}`)
  return { name, input: inputAt('--firmware', firmware, file) }
}

/** Faults: `launch-choice`, `launch-not-predicted`. */
const snpRowOf = (rows: readonly Row[], firmware: string, choices: Choices): Row => {
  const of = rows.filter((row) => row.firmware === firmware)
  const type = chosen(
    '--vcpu-type',
    choices['vcpu-type'],
    of.map(({ vcpuType }) => vcpuType),
  )
  const typed = of.filter(({ vcpuType }) => vcpuType === type)
  const count = chosen(
    '--vcpus',
    choices.vcpus,
    typed.map(({ vcpus }) => `${vcpus}`),
  )
  const counted = typed.filter(({ vcpus }) => `${vcpus}` === count)
  const features = chosen(
    '--guest-features',
    choices['guest-features'],
    counted.map((row) => row.guestFeatures),
  )
  const row = counted.find(({ guestFeatures }) => guestFeatures === features)
  return row ?? incomplete('the manifest has no launch digest for this VM')
}

const idBlockOf = (row: Row, { idKeys }: Manifest, given: Choices['id-block']): SignedIdBlock | undefined => {
  if (given === 'off') return undefined
  if (row.idAuth !== null)
    return { block: row.idBlock, auth: row.idAuth, author: idKeys.author === null ? 'none' : 'signed' }
  return given === 'on'
    ? incomplete('the ID blocks of the manifest are not signed: cvmboot measure signs them with --id-key')
    : undefined
}

/** Faults: `launch-tee`, `launch-range`. */
const hostDataOf = ({ tee, 'host-data': given }: Choices): string | undefined => {
  if (given === undefined) return undefined
  if (tee === 'none') return refuseForTee('--host-data', tee, 'an ordinary VM has no report')
  const bytes = hostDataBytes[tee]
  if (given.length === 2 * bytes && /^[0-9a-f]+$/.test(given)) return given
  const expected = `${bytes} bytes in lower-case hexadecimal for --tee ${tee}`
  throw fail('launch-range', { option: '--host-data', found: given.slice(0, 100), expected })
}

const wholeNumber = (option: string, text: string, most: number): number => {
  const found = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : 0
  if (found >= 1 && found <= most) return found
  throw fail('launch-range', {
    option,
    found: text.slice(0, 100),
    expected: `a whole number from 1 to ${most}`,
  })
}

const mostMemoryMiB = 64 * 1024 ** 2
const mostVcpus = 4096

const disksOf = ({ disk, serial }: Choices): readonly Disk[] => {
  if (serial.length > disk.length)
    return incomplete(`--serial is given ${serial.length} times, and --disk ${disk.length} times`)
  const disks = disk.map((path, index) => {
    const found = serial[index] ?? `cvmboot${index}`
    if (!/^[A-Za-z0-9_.-]{1,20}$/.test(found)) {
      const expected = '1 to 20 letters, digits, dots, dashes and underscores'
      throw fail('launch-range', { option: '--serial', found: found.slice(0, 100), expected })
    }
    return { path: printable('--disk', path), serial: found }
  })
  if (new Set(disks.map((one) => one.serial)).size < disks.length)
    return incomplete('two disks have the same --serial')
  return disks
}

const nameIn = ({ name }: Choices): string => {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name
  const expected = 'up to 63 lower-case letters, digits and dashes'
  throw fail('launch-range', { option: '--name', found: name.slice(0, 100), expected })
}

const registers = (
  name: string,
  rows: readonly { readonly value: string; readonly when: string }[],
): readonly Expected[] => rows.map(({ value, when }) => ({ name: `${name} (${when})`, value }))

const expectedOfTdx = ({ tdx }: Manifest, firmware: string | undefined): readonly Expected[] => [
  ...registers(
    'MRTD',
    tdx.mrtd.filter((row) => row.firmware === firmware),
  ),
  ...registers('RTMR 1', tdx.rtmr1),
  ...registers('RTMR 2', tdx.rtmr2),
]

/** Faults: `launch-*`. */
export const composeRecipe = (manifest: Manifest, choices: Choices): Recipe => {
  const { tee } = choices
  if (tee !== 'snp' && choices['id-block'] === 'on')
    return refuseForTee('--id-block on', tee, 'only SEV-SNP has ID blocks')
  if (tee !== 'snp' && choices['guest-features'] !== undefined)
    return refuseForTee('--guest-features', tee, 'only SEV-SNP has SEV_FEATURES')
  if (tee === 'tdx' && choices['vcpu-type'] !== undefined)
    return refuseForTee('--vcpu-type', tee, 'a TD has the processors of its host')
  const boot = bootOf(manifest, choices)
  const firmware = firmwareOf(manifest, choices)
  const hostData = hostDataOf(choices)
  const common = {
    tee,
    name: nameIn(choices),
    firmware: firmware?.input,
    boot,
    policy: manifest.launchPolicy.value,
    hostData,
    memoryMiB: wholeNumber('--memory', choices.memory, mostMemoryMiB),
    disks: disksOf(choices),
  }
  const named: readonly Expected[] =
    hostData === undefined ? [] : [{ name: tee === 'snp' ? 'HOST_DATA' : 'MRCONFIGID', value: hostData }]
  if (tee !== 'snp' || firmware === undefined)
    return {
      ...common,
      vcpus: wholeNumber('--vcpus', choices.vcpus ?? '1', mostVcpus),
      vcpuType: tee === 'tdx' ? 'host' : (choices['vcpu-type'] ?? 'max'),
      guestFeatures: undefined,
      idBlock: undefined,
      expected: tee === 'none' ? [] : [...expectedOfTdx(manifest, firmware?.name), ...named],
    }
  const row = snpRowOf(manifest.snp, firmware.name, choices)
  return {
    ...common,
    vcpus: row.vcpus,
    vcpuType: row.vcpuType,
    guestFeatures: row.guestFeatures,
    idBlock: idBlockOf(row, manifest, choices['id-block']),
    expected: [{ name: 'MEASUREMENT', value: row.digest }, ...named],
  }
}
