// The events of a boot of a unified kernel image, each by both hashes: what the firmware, systemd's stub and the kernel's own
// stub extend into the PCRs of a TPM and into the registers of a TD. Pure.
// Sources: TCG PC Client Platform Firmware Profile, section 3.3; systemd-stub(7); drivers/firmware/efi/libstub/efi-stub-helper.c
// of Linux (efi_measure_tagged_event).

import { createHash } from 'node:crypto'
import type { RandomAccess } from '../machine/random-access.ts'
import { ofBuffer } from './piece.ts'
import { authenticode, type Digests, hashWhole } from './program.ts'
import { digestOf } from './register.ts'
import { extraArchive, extraFiles, knowsInitrds, startsKernel, stubCmdline } from './stub.ts'
import { contentOf, measuredIn, type Uki } from './uki.ts'

/** The events of a boot, or the reason why they are not known. */
export type Known<T> = { readonly known: T } | { readonly unknown: string }

export const both = (bytes: Uint8Array): Digests => ({
  sha256: digestOf('sha256', bytes),
  sha384: digestOf('sha384', bytes),
})
const action = (text: string): Digests => both(Buffer.from(text, 'latin1'))

/** Events of the firmware that are the same for all boots. */
export const firmwareEvents = {
  calling: action('Calling EFI Application from Boot Option'),
  separator: both(Buffer.alloc(4)),
  exit: [action('Exit Boot Services Invocation'), action('Exit Boot Services Returned with Success')],
} as const

/** The image, and the kernel in it where the stub has the firmware load it: one list, or two where it is not known which. */
export const programEvents = (uki: Uki): Known<readonly (readonly Digests[])[]> => {
  const image = authenticode(uki.program)
  if (typeof image === 'string') return { unknown: image }
  const { version } = uki
  if (version === undefined) return { unknown: "the image's stub is not systemd's" }
  const starts = startsKernel(version)
  if (starts === 'by-itself') return { known: [[image]] }
  const linux = uki.sections.get('.linux')
  const kernel = linux === undefined ? 'there is none' : authenticode(linux)
  if (typeof kernel === 'string') return { unknown: `the kernel in the image: ${kernel}` }
  return { known: starts === 'by-firmware' ? [[image, kernel]] : [[image, kernel], [image]] }
}

/** Two events for each measured section: its name with a NUL, then its bytes as loaded. */
export const sectionEvents = (uki: Uki): Known<readonly Digests[]> => {
  const names = measuredIn(uki)
  if (names === undefined)
    return {
      unknown: `it is not known which sections ${uki.stub ?? "a stub that is not systemd's"} measures`,
    }
  return {
    known: names.flatMap((name) => {
      const section = uki.sections.get(name)
      return section === undefined ? [] : [both(Buffer.from(`${name}\0`, 'latin1')), hashWhole(section)]
    }),
  }
}

/** A command line as EFI programs hand it on: UTF-16 with a final NUL. */
export const loadOptions = (cmdline: string): Buffer => Buffer.from(`${cmdline}\0`, 'utf16le')

/** Parts of an initramfs one behind the other, each but the last one padded where it is followed. */
const joined = (parts: readonly RandomAccess[]): Digests => {
  const [sha256, sha384] = [createHash('sha256'), createHash('sha384')]
  const chunkBytes = 4 * 1024 ** 2
  for (const part of parts) {
    for (let at = 0; at < part.size; at += chunkBytes) {
      const chunk = part.read(at, Math.min(chunkBytes, part.size - at))
      sha256.update(chunk)
      sha384.update(chunk)
    }
    const padding = Buffer.alloc(parts.length > 1 ? (4 - (part.size % 4)) % 4 : 0)
    sha256.update(padding)
    sha384.update(padding)
  }
  return { sha256: sha256.digest(), sha384: sha384.digest() }
}

/** Of the kernel's own stub: the command line that it was given, then the initramfs that it was given. */
export const kernelEvents = (uki: Uki): Known<readonly Digests[]> => {
  const { version, sections } = uki
  if (version === undefined || !knowsInitrds(version))
    return {
      unknown: `it is not known which files ${uki.stub ?? "a stub that is not systemd's"} adds to the initramfs`,
    }
  const cmdline = stubCmdline(contentOf(sections.get('.cmdline')))
  const archives = extraFiles(version).flatMap(({ section, file }) => {
    const content = sections.get(section)
    return content === undefined ? [] : [extraArchive(file, contentOf(content))]
  })
  const own = ['.ucode', '.initrd'].flatMap((name) => sections.get(name) ?? [])
  const parts = [...own, ...archives.map(ofBuffer)]
  const options = cmdline === '' ? [] : [both(loadOptions(cmdline))]
  return { known: parts.length === 0 ? options : [...options, joined(parts)] }
}
