// The comments of a printed launch: the SHA-256 of each input, the values that the TEE has to report, and what the launch leaves
// unmeasured. Lines without the comment's own sign. Pure.

import type { Recipe } from './recipe.ts'

const teeNames = { snp: 'SEV-SNP', tdx: 'TDX', none: 'no TEE' } as const

const inputsOf = ({ firmware, boot }: Recipe) => [
  ...(firmware === undefined ? [] : [firmware]),
  ...(boot.kind === 'direct' ? [boot.kernel, ...(boot.initramfs === undefined ? [] : [boot.initramfs])] : []),
]

const unmeasured = ({ tee, boot, guestFeatures }: Recipe): readonly string[] => {
  if (tee === 'none') return ['No chip measures this VM: it is for tests, and nothing in it is secret.']
  return [
    ...(tee === 'snp' && boot.kind === 'disk'
      ? [
          'The launch digest covers the firmware alone. The program that the firmware starts from the disk shows in no report',
          'of SEV-SNP, only in the PCRs of a TPM inside the TEE.',
        ]
      : []),
    ...(tee === 'tdx' ? ['RTMR 0 depends on memory, processors and devices: nothing predicts it.'] : []),
    ...(tee === 'snp' && guestFeatures !== '0x1'
      ? [
          `The manifest expects SEV_FEATURES ${guestFeatures}: KVM and QEMU of the host have to choose this value.`,
        ]
      : []),
  ]
}

/** `program` names the file that is printed, as in `QEMU command`. */
export const notesOf = (recipe: Recipe, program: string): readonly string[] => [
  `${program} by cvmboot launch, for ${teeNames[recipe.tee]}.`,
  'Inputs, with the SHA-256 that the manifest has of each:',
  ...inputsOf(recipe).map(
    ({ path, sha256 }) => `  ${sha256 === '' ? 'not in the manifest' : sha256}  ${path}`,
  ),
  ...(recipe.expected.length === 0 ? [] : ['The report of the VM has to show:']),
  ...recipe.expected.map(({ name, value }) => `  ${name}: ${value}`),
  ...unmeasured(recipe),
]
