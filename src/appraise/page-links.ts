// The links of the chain that the page draws, from the root of the chip to the volumes, and the checks that judge each link. Pure.

import type { Finding } from '../terminal/finding.ts'

/** `unjudged`: no check judged the link. `note`: no check failed, and a note says what is not proved. */
export type Colour = Finding['result'] | 'unjudged'

export type Link = {
  readonly from: string
  readonly to: string
  readonly findings: readonly Finding[]
  readonly needs: string
}

const links = [
  {
    from: "The chip's root",
    to: 'Signing key',
    needs: 'chain',
    subjects: ['signer', 'chain', 'dates', 'revocation list', 'revocation', 'collateral', 'collateral dates'],
  },
  {
    from: 'Signing key',
    to: 'Report of the TEE',
    needs: 'signature',
    subjects: [
      ...['TEE', 'evidence', 'report', 'quote', 'signature', 'product', 'chip', 'quoting enclave'],
      ...['enclave identity', 'TCB', 'least TCB', 'module', 'nonce', 'report data'],
    ],
  },
  {
    from: 'Report of the TEE',
    to: 'Measurement = manifest',
    needs: 'measurement',
    subjects: ['measurement'],
  },
  {
    from: 'Measurement = manifest',
    to: 'Plan and root hashes',
    needs: 'plan',
    subjects: ['statement', 'plan', 'image', 'executable', 'RTMR 3'],
  },
  {
    from: 'Plan and root hashes',
    to: 'Volumes',
    needs: 'root hashes',
    subjects: ['root hashes', 'site', 'state', 'keys'],
  },
] as const

/** The subject without the mark of the evidence that the boot made. */
const plain = (subject: string): string => subject.replace(/^boot: /, '')

const isOf = (subjects: readonly string[], { subject }: Finding): boolean => subjects.includes(plain(subject))

export const linksOf = (findings: readonly Finding[]): Link[] =>
  links.map(({ from, to, subjects, needs }) => ({
    from,
    to,
    needs,
    findings: findings.filter((finding) => isOf(subjects, finding)),
  }))

/** The checks that judge no link: how the VM was launched, and the TPM. */
export const othersIn = (findings: readonly Finding[]): Finding[] =>
  findings.filter((finding) => !links.some(({ subjects }) => isOf(subjects, finding)))

/** The worst verdict of the checks decides. Without the check that the link needs, the other good checks prove no link. */
export const colourOf = ({ findings, needs }: Link): Colour => {
  const worst = (['bad', 'note'] as const).find((verdict) =>
    findings.some(({ result }) => result === verdict),
  )
  if (worst !== undefined) return worst
  return findings.some(({ subject }) => plain(subject) === needs) ? 'good' : 'unjudged'
}
