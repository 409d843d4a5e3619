// The PCRs 4, 7, 9, 11 and 12 of a TPM after a boot of a unified kernel image, in the bank of SHA-256. Pure.
// Sources: TCG PC Client Platform Firmware Profile, section 3.3.4; systemd-stub(7); systemd-pcrphase.service(8).

import { printGuid } from '../layout/guid.ts'
import type { Digests } from './program.ts'
import { digestOf, extended } from './register.ts'
import type { Prediction } from './rtmr.ts'
import type { Uki } from './uki.ts'
import { firmwareEvents, type Known, kernelEvents, programEvents, sectionEvents } from './uki-events.ts'

const { calling, separator } = firmwareEvents

const register = (events: readonly Digests[]): Buffer =>
  extended(
    'sha256',
    events.map(({ sha256 }) => sha256),
  )

/** The image, and the kernel in it where the stub has the firmware load the kernel. */
export const pcr4 = (uki: Uki): Known<readonly Prediction[]> => {
  const programs = programEvents(uki)
  if ('unknown' in programs) return programs
  return {
    known: programs.known.map((list) => ({
      value: register([calling, separator, ...list]),
      when: 'the firmware starts the image itself, at its first attempt to boot',
    })),
  }
}

/** What the kernel's own stub measures: the command line and the initramfs. */
export const pcr9 = (uki: Uki): Known<readonly Prediction[]> => {
  const events = kernelEvents(uki)
  if ('unknown' in events) return events
  return {
    known: [
      {
        value: register(events.known),
        when: 'the kernel is Linux 6.3 or later, nothing lies beside the image, and no boot loader passes a command line',
      },
    ],
  }
}

/** The phases of a boot that systemd-pcrphase extends, where the initramfs and the root have its units. */
export const phases = ['enter-initrd', 'leave-initrd', 'sysinit', 'ready'] as const

/** The sections of the image, and the register after each phase. */
export const pcr11 = (uki: Uki): Known<readonly Prediction[]> => {
  const events = sectionEvents(uki)
  if ('unknown' in events) return events
  let value = register(events.known)
  const predictions: Prediction[] = [{ value, when: 'the stub has handed over, and no phase was extended' }]
  for (const [i, phase] of phases.entries()) {
    value = extended('sha256', [digestOf('sha256', Buffer.from(phase, 'latin1'))], value)
    predictions.push({ value, when: `phases ${phases.slice(0, i + 1).join(':')} were extended` })
  }
  return { known: predictions }
}

/** PCR 12 stays zero: the stub extends it only with data from outside of the image, and such a boot is not predicted. */
export const pcr12 = (): readonly Prediction[] => [
  {
    value: register([]),
    when: 'no boot loader passes a command line, and no add-on or credential lies beside the image',
  },
]

/** The contents of the variables of Secure Boot; an empty one is a variable that is not there. */
export type SecureBoot = {
  readonly enabled: 'yes' | 'no'
  readonly pk: Buffer
  readonly kek: Buffer
  readonly db: Buffer
  readonly dbx: Buffer
}

const globalVariables = '8be4df61-93ca-11d2-aa0d-00e098032b8c'
const imageSecurity = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f'
const x509 = 'a5c059a1-94e4-4aa7-87b5-ab155c2bf072'

/** UEFI_VARIABLE_DATA. */
const variable = (guid: string, name: string, data: Buffer): Buffer => {
  const sizes = Buffer.alloc(16)
  sizes.writeBigUInt64LE(BigInt(name.length))
  sizes.writeBigUInt64LE(BigInt(data.length), 8)
  return Buffer.concat([printGuid(guid), sizes, Buffer.from(name, 'utf16le'), data])
}

/** Each certificate of a list of signatures, with its owner's GUID; undefined where the list is damaged. */
const certificatesIn = (lists: Buffer): readonly Buffer[] | undefined => {
  const found: Buffer[] = []
  for (let at = 0; at < lists.length; ) {
    if (at + 28 > lists.length) return undefined
    const [size, header, each] = [16, 20, 24].map((field) => lists.readUInt32LE(at + field))
    if (size === undefined || header === undefined || each === undefined) return undefined
    if (size < 28 || at + size > lists.length || each < 17 || header > size - 28) return undefined
    if (printGuid(x509).equals(lists.subarray(at, at + 16)))
      for (let entry = at + 28 + header; entry + each <= at + size; entry += each)
        found.push(lists.subarray(entry, entry + each))
    at += size
  }
  return found
}

const sha256 = (bytes: Buffer): Buffer => digestOf('sha256', bytes)

/** PCR 7: Secure Boot's state and keys, and the key that the image was signed with. */
export const pcr7 = ({ enabled, pk, kek, db, dbx }: SecureBoot): Known<readonly Prediction[]> => {
  const events = [
    variable(globalVariables, 'SecureBoot', Buffer.from([enabled === 'yes' ? 1 : 0])),
    variable(globalVariables, 'PK', pk),
    variable(globalVariables, 'KEK', kek),
    variable(imageSecurity, 'db', db),
    variable(imageSecurity, 'dbx', dbx),
  ].map(sha256)
  const before = [...events, separator.sha256]
  if (enabled === 'no') return { known: [{ value: extended('sha256', before), when: 'Secure Boot is off' }] }
  const certificates = certificatesIn(db)
  if (certificates === undefined) return { unknown: 'db is no list of EFI signatures' }
  if (certificates.length === 0) return { unknown: 'db has no certificate' }
  return {
    known: certificates.map((certificate, i) => ({
      value: extended('sha256', [...before, sha256(variable(imageSecurity, 'db', certificate))]),
      when: `Secure Boot is on, and the image is signed with certificate ${i + 1} of ${certificates.length} in db`,
    })),
  }
}
