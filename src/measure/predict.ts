// Computes the manifest from inputs that were read, and a request. Pure, but for signatures, which differ each time.

import { replayEvents } from './event-log.ts'
import { firmwareRows } from './firmware-values.ts'
import { keyDigest } from './id-block.ts'
import { type Manifest, manifestFormat, manifestVersion, printHexNumber } from './manifest.ts'
import { pcr4, pcr7, pcr9, pcr11, pcr12, type SecureBoot } from './pcr.ts'
import { explainPolicy } from './policy.ts'
import type { Inputs, Request } from './request.ts'
import { directRtmr1, directRtmr2, type Prediction, ukiRtmr1, ukiRtmr2 } from './rtmr.ts'
import { neverPredicted, sources, type Unpredicted } from './sources.ts'
import type { Known } from './uki-events.ts'

type Values = Manifest['tpm']['pcr4']

const printed = (predictions: readonly Prediction[]): Values =>
  predictions.map(({ value, when }) => ({ value: value.toString('hex'), when }))

/** Collects the values that are known, and the reasons why other values are not. */
const collector = () => {
  const missing: Unpredicted[] = [...neverPredicted]
  const take = (value: string, known: Known<readonly Prediction[]>): Values => {
    if ('known' in known) return printed(known.known)
    missing.push({ value, why: known.unknown })
    return []
  }
  const without = (value: string, why: string): Values => {
    missing.push({ value, why })
    return []
  }
  return { missing, take, without }
}

const noUki = 'no unified kernel image is given'

const tdxOf = (
  inputs: Inputs,
  { take, without }: ReturnType<typeof collector>,
): Omit<Manifest['tdx'], 'mrtd'> => {
  const { kernel, initramfs, cmdline, uki } = inputs
  const direct =
    kernel === undefined
      ? undefined
      : {
          rtmr1: take('rtmr1', directRtmr1(kernel.access, initramfs?.access.size ?? 0)),
          rtmr2: printed(directRtmr2(cmdline?.text ?? '', initramfs?.digests)),
        }
  const image =
    uki === undefined
      ? undefined
      : { rtmr1: take('rtmr1', ukiRtmr1(uki.uki, uki.gpt)), rtmr2: take('rtmr2', ukiRtmr2(uki.uki)) }
  if (direct === undefined && image === undefined) {
    const why = 'neither a kernel nor a unified kernel image is given'
    return { rtmr1: without('rtmr1', why), rtmr2: without('rtmr2', why) }
  }
  return {
    rtmr1: [...(direct?.rtmr1 ?? []), ...(image?.rtmr1 ?? [])],
    rtmr2: [...(direct?.rtmr2 ?? []), ...(image?.rtmr2 ?? [])],
  }
}

const tpmOf = (
  { uki }: Inputs,
  secureBoot: SecureBoot | undefined,
  { take, without }: ReturnType<typeof collector>,
): Manifest['tpm'] => ({
  pcr4: uki === undefined ? without('pcr4', noUki) : take('pcr4', pcr4(uki.uki)),
  pcr7:
    secureBoot === undefined
      ? without('pcr7', 'the contents of the variables of Secure Boot are not given')
      : take('pcr7', pcr7(secureBoot)),
  pcr9: uki === undefined ? without('pcr9', noUki) : take('pcr9', pcr9(uki.uki)),
  pcr11: uki === undefined ? without('pcr11', noUki) : take('pcr11', pcr11(uki.uki)),
  pcr12: uki === undefined ? without('pcr12', noUki) : printed(pcr12()),
})

const replayed = ({ eventLog }: Inputs): Manifest['eventLog'] => {
  if (eventLog === undefined) return null
  const { file, kind, events } = eventLog
  const registers = [...replayEvents(events, kind === 'tdx' ? 'sha384' : 'sha256')]
    .toSorted(([a], [b]) => a - b)
    .map(
      ([index, value]) =>
        [kind === 'tdx' ? `rtmr${index - 1}` : `pcr${index}`, value.toString('hex')] as const,
    )
  return { ...file, kind, registers: Object.fromEntries(registers) }
}

const notesOf = (inputs: Inputs, request: Request): readonly string[] => [
  ...(inputs.boot?.refused == null ? [] : [`the boot would refuse this: ${inputs.boot.refused}`]),
  ...(inputs.kernel === undefined && inputs.uki === undefined
    ? ['no kernel is given: the firmware alone is measured, and it would start any kernel']
    : []),
  ...((request.policy >> 19n) % 2n === 1n
    ? ['the launch policy allows debugging: nothing in the VM is secret']
    : []),
  ...(request.idKey === undefined
    ? ['the ID blocks are not signed: give --id-key, or sign them with another tool']
    : []),
]

/** Faults: `measure-firmware`, `measure-cpu`, `measure-range`, `measure-key`, `measure-uki`, `measure-event-log`. */
export const predict = (inputs: Inputs, request: Request): Manifest => {
  const collect = collector()
  const rows = inputs.firmware.map((one) => firmwareRows(one, inputs, request, collect.missing))
  const { idKey, authorKey, policy } = request
  const { kernel, initramfs, cmdline, uki } = inputs
  const tdx = { mrtd: rows.flatMap(({ mrtds }) => mrtds), ...tdxOf(inputs, collect) }
  const tpm = tpmOf(inputs, request.secureBoot, collect)
  return {
    format: manifestFormat,
    version: manifestVersion,
    image: inputs.image,
    inputs: {
      firmware: inputs.firmware.map(({ file }) => file),
      kernel: kernel?.file ?? null,
      initramfs: initramfs?.file ?? null,
      cmdline: cmdline ?? null,
      uki: uki?.file ?? null,
    },
    boot: inputs.boot,
    launchPolicy: { value: printHexNumber(policy), bits: explainPolicy(policy) },
    idKeys: {
      id: idKey === undefined ? null : keyDigest(idKey).toString('hex'),
      author: authorKey === undefined ? null : keyDigest(authorKey).toString('hex'),
    },
    snp: rows.flatMap(({ snp }) => snp),
    tdx,
    tpm,
    eventLog: replayed(inputs),
    sources,
    notPredicted: collect.missing,
    notes: notesOf(inputs, request),
  }
}
