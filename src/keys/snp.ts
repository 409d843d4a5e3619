// The snp provider: a secret that AMD's firmware derives from the chip's key (or the cloud provider's VLEK) and the launch.
// Before each key the provider checks a report: a guest whose memory others can read gets no key.

import { type FaultCode, fail } from '../fault/index.ts'
import type { SnpReport, SnpRootKey } from '../machine/machine.ts'
import { guestFields } from '../machine/sev-guest.ts'
import { parseTcb, printTcb, tcbAtMost } from '../system/tcb.ts'
import type { Binding, LastingFields } from './policy.ts'
import type { LastingProvider, Owned, Seal, Tee } from './provider.ts'
import { keyTcb, requireIdBlock, requireLeastTcb, requireReport, rootKeyOf } from './snp-require.ts'

export type SnpKeyPolicy = LastingFields<'snp'> & {
  /** The least TCB version, component by component, at which a key is derived; undefined for any version. */
  readonly leastTcb: bigint | undefined
}

declare module './policy.ts' {
  interface Policies {
    readonly snp: SnpKeyPolicy
  }
}

type SnpBinding = Exclude<Binding, 'grant'>

/** The parser of partition.conf takes no other binding for this provider. */
const snpBinding = (binding: Binding): SnpBinding => {
  if (binding === 'grant') throw new Error('snp has no key that is bound to a grant')
  return binding
}

/**
 * The fields that the firmware is asked to mix into the key. The policy is always among them, so that a launch with DEBUG never
 * gets the key of a launch without. The TCB is always among them, so that older firmware does not get the key of newer
 * firmware. Without being asked, the firmware also mixes in VMPL, HOST_DATA and the digests of ID key and author key.
 */
const fieldsOf: Readonly<Record<SnpBinding, number>> = {
  measurement: guestFields.policy | guestFields.measurement | guestFields.tcb,
  'id-block':
    guestFields.policy | guestFields.imageId | guestFields.familyId | guestFields.guestSvn | guestFields.tcb,
}

type SnpSeal = {
  readonly root: SnpRootKey
  readonly vmpl: number
  readonly guestSvn: number
  readonly tcb: bigint
}

export const printSeal = ({ root, vmpl, guestSvn, tcb }: SnpSeal, binding: Binding): Seal => ({
  binding,
  root,
  fields: `${fieldsOf[snpBinding(binding)]}`,
  vmpl: `${vmpl}`,
  'guest-svn': `${guestSvn}`,
  tcb: printTcb(tcb),
})

/** Undefined for anything that `printSeal` does not print. */
export const parseSeal = (sealed: Seal | undefined): { seal: SnpSeal; binding: Binding } | undefined => {
  if (sealed === undefined) return undefined
  const binding = (['measurement', 'id-block'] as const).find((one) => one === sealed['binding'])
  const root = (['vcek', 'vlek'] as const).find((one) => one === sealed['root'])
  const tcb = parseTcb(sealed['tcb'] ?? '')
  if (binding === undefined || root === undefined || tcb === undefined) return undefined
  const seal = { root, vmpl: Number(sealed['vmpl']), guestSvn: Number(sealed['guest-svn']), tcb }
  const { vmpl, guestSvn } = seal
  if (![0, 1, 2, 3].includes(vmpl) || !Number.isInteger(guestSvn) || guestSvn < 0 || guestSvn > 0xffffffff)
    return undefined
  return JSON.stringify(printSeal(seal, binding)) === JSON.stringify(sealed) ? { seal, binding } : undefined
}

/** A checked report of this launch. Faults: `tee-none`, those of snp-require.ts. */
const reportOf = ({ volume, policy }: Owned<SnpKeyPolicy>, tee: Tee): SnpReport => {
  const { binding, leastTcb } = policy
  const cvm = tee.cvm()
  if (cvm !== 'sev-snp')
    throw fail('tee-none', { volume, provider: 'snp', found: cvm ?? 'no confidential VM' })
  using nonce = tee.random(64)
  const vmpl = tee.snpVmpl()
  const report = tee.snpReport({ reportData: nonce.bytes, vmpl })
  requireReport(report, { reportData: nonce.bytes.toString('hex'), vmpl })
  requireLeastTcb(report, leastTcb)
  if (binding === 'id-block') requireIdBlock(report)
  return report
}

/** The newest seal that this launch may ask for. Until the host commits its firmware, the seal is older than the launch. */
const newestSeal = (report: SnpReport, binding: Binding, root: SnpRootKey): SnpSeal => ({
  root,
  vmpl: report.vmpl,
  guestSvn: binding === 'id-block' ? report.guestSvn : 0,
  // The reported TCB does not count: the host sets the reported TCB.
  tcb: keyTcb(report),
})

export const snp: LastingProvider<SnpKeyPolicy> = {
  name: 'snp',
  about: 'of the TEE',
  defaults: { provider: 'snp', binding: 'measurement', blank: 'format', leastTcb: undefined },
  bindings: ['measurement', 'id-block'],
  settings: [
    {
      key: 'TEE_MIN_TCB',
      expected: '16 lower-case hexadecimal digits, as the state shows a tcb',
      sample: '',
      read: (text, policy) => {
        const leastTcb = parseTcb(text)
        return leastTcb === undefined ? undefined : { ...policy, leastTcb }
      },
      print: ({ leastTcb }) => (leastTcb === undefined ? '' : printTcb(leastTcb)),
    },
  ],
  notAlone: () => undefined,
  print: ({ leastTcb }) => (leastTcb === undefined ? [] : [`least-tcb=${printTcb(leastTcb)}`]),
  lacks: ({ volume, policy }, { cvm }) =>
    cvm === 'sev-snp'
      ? undefined
      : fail('tee-none', { volume, provider: policy.provider, found: cvm ?? 'no confidential VM' }).fault,
  closing: ['close-tee'],
  evidence: ({ snp: seal }) => (seal?.['tcb'] === undefined ? {} : { tcb: seal['tcb'] }),
  isSeal: ({ snp: seal }) => parseSeal(seal) !== undefined,
  create: async (owned, tee, before) => {
    const { binding } = owned.policy
    const report = reportOf(owned, tee)
    // A volume stays with its root key: each chip that has the VLEK could open a volume that moved to the VLEK.
    const root = parseSeal(before?.['snp'])?.seal.root ?? rootKeyOf(report)
    const seal = newestSeal(report, binding, root)
    const secret = tee.snpDerivedKey({ ...seal, fields: fieldsOf[snpBinding(binding)] })
    return { secret, sealed: { snp: printSeal(seal, binding) } }
  },
  recover: async (owned, tee, sealed) => {
    const { volume, policy } = owned
    const { binding, leastTcb } = policy
    const found = parseSeal(sealed['snp'])
    if (found === undefined) throw fail('header-token', { volume, reason: 'its seal is not one of snp' })
    const { seal } = found
    const refuse = (code: Extract<FaultCode, `seal-${string}`>, reason: string) =>
      fail(code, { volume, reason })
    if (found.binding !== binding)
      throw refuse('seal-binding', `it is sealed to ${found.binding}, not to ${binding}`)
    const report = reportOf(owned, tee)
    const { launchTcb, committedTcb, guestSvn, vmpl } = report
    const newest = newestSeal(report, binding, seal.root)
    if (seal.root === 'vcek' && report.chipKeyMasked)
      throw fail('tee-root-key', { reason: "the chip's key is masked" })
    if (seal.vmpl !== vmpl)
      throw refuse('seal-vmpl', `it is sealed at VMPL ${seal.vmpl}, this guest runs at VMPL ${vmpl}`)
    if (!tcbAtMost(seal.tcb, newest.tcb))
      throw refuse(
        'seal-tcb',
        `it is sealed at TCB ${printTcb(seal.tcb)}, this launch has ${printTcb(launchTcb)}, with ${printTcb(committedTcb)} committed`,
      )
    // An attacker who broke older firmware has its keys, and can make a header with these keys.
    if (leastTcb !== undefined && !tcbAtMost(leastTcb, seal.tcb))
      throw refuse(
        'seal-tcb-least',
        `it is sealed at TCB ${printTcb(seal.tcb)}, TEE_MIN_TCB is ${printTcb(leastTcb)}`,
      )
    if (seal.guestSvn > (binding === 'id-block' ? guestSvn : 0))
      throw refuse('seal-svn', `it is sealed at guest SVN ${seal.guestSvn}, this launch has ${guestSvn}`)
    const age = newest.tcb === seal.tcb && newest.guestSvn === seal.guestSvn ? 'current' : 'older'
    return { secret: tee.snpDerivedKey({ ...seal, fields: fieldsOf[snpBinding(binding)] }), age }
  },
}
