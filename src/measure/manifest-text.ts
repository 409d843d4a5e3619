// A manifest as text for a person: the inputs, then each value with the condition under which it holds. Print only. Pure.

import type { Manifest } from './manifest.ts'

const line = (label: string, text: string): string => `${label.padEnd(10)} ${text}\n`

const fileLine = (label: string, file: Manifest['inputs']['kernel']): string =>
  file === null
    ? ''
    : line(label, `${file.name}${file.version === null ? '' : `, ${file.version}`}, sha256 ${file.sha256}`)

const valueLines = (label: string, values: Manifest['tpm']['pcr4']): string =>
  values.map(({ value, when }) => `  ${label}  ${value}\n    when ${when}\n`).join('')

const group = (heading: string, lines: string): string => (lines === '' ? '' : `\n${heading}\n${lines}`)

export const printManifestText = (manifest: Manifest): string => {
  const { image, inputs, boot, launchPolicy, snp, tdx, tpm, eventLog } = manifest
  const rows = snp.map(
    ({ firmware, vcpus, vcpuType, guestFeatures, digest }) =>
      `  ${digest}\n    when ${firmware}, ${vcpus} × ${vcpuType}, features ${guestFeatures}\n`,
  )
  const bits = launchPolicy.bits.map(
    ({ name, set, means }) => `  ${name.padEnd(22)} ${set ? 'set  ' : 'clear'}  ${means}\n`,
  )
  const mrtds = tdx.mrtd.map(
    ({ firmware, value, when }) => `  MRTD  ${value}\n    when ${firmware}, and ${when}\n`,
  )
  const registers = Object.entries(eventLog?.registers ?? {}).map(
    ([name, value]) => `  ${name.padEnd(6)} ${value}\n`,
  )
  return [
    image === null ? '' : line('image', `${image.id} ${image.version}`),
    ...inputs.firmware.map((file) => fileLine('firmware', file)),
    fileLine('kernel', inputs.kernel),
    fileLine('initramfs', inputs.initramfs),
    inputs.cmdline === null ? '' : line('cmdline', `sha256 ${inputs.cmdline.sha256}`),
    fileLine('uki', inputs.uki),
    boot === null
      ? ''
      : line('boot', boot.planDigest === null ? 'refused' : `plan digest ${boot.planDigest}`),
    group('SEV-SNP launch digests', rows.join('')),
    snp.length === 0 ? '' : group(`SEV-SNP launch policy ${launchPolicy.value}`, bits.join('')),
    group('TDX', [mrtds.join(''), valueLines('RTMR1', tdx.rtmr1), valueLines('RTMR2', tdx.rtmr2)].join('')),
    group(
      'TPM, bank of SHA-256',
      [
        valueLines('PCR 4 ', tpm.pcr4),
        valueLines('PCR 7 ', tpm.pcr7),
        valueLines('PCR 9 ', tpm.pcr9),
        valueLines('PCR 11', tpm.pcr11),
        valueLines('PCR 12', tpm.pcr12),
      ].join(''),
    ),
    group('Registers of the event log', registers.join('')),
    group('Not predicted', manifest.notPredicted.map(({ value, why }) => `  ${value}: ${why}\n`).join('')),
    group('Notes', manifest.notes.map((note) => `  ${note}\n`).join('')),
  ].join('')
}
