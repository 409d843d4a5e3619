// The claim of an EFI program. For a unified kernel image, the claim has the boot's judgement of the command line and of the
// initramfs in the image. For any other program, the claim has a name and advice.

import { type Fault, fail } from '../fault/index.ts'
import { accessWithin, type RandomAccess } from '../machine/random-access.ts'
import type { Image } from '../pack/image.ts'
import { parseOsRelease } from '../pack/os-release.ts'
import { type Pe, type PeSection, parsePe, peHeadBytes } from '../pack/pe.ts'
import type { Claim, Facts, Part } from './claim.ts'
import { lookIntoImage } from './image.ts'
import { streamOf } from './initramfs.ts'
import { judgeLine } from './judge.ts'
import { claimNamed } from './named.ts'

/** The most bytes of a section with text that are read. */
const mostText = 64 * 1024

/** The bytes of a section that the stub takes: those in the file, and no more than the firmware loads. */
const bytesOf = (program: RandomAccess, { offset, stored, bytes }: PeSection): RandomAccess =>
  accessWithin(program, offset, Math.min(stored, bytes))

/** The text of a section, up to its first NUL: the file pads a section with NULs. */
const textOf = (program: RandomAccess, section: PeSection | undefined): string | undefined =>
  section === undefined
    ? undefined
    : bytesOf(program, section).read(0, mostText).toString('latin1').replace(/\0.*$/s, '')

const part = (name: string, bytes: number, claim: Claim): Part => ({ name, bytes, claim })

/** A section that nothing here judges. */
const plain = (kind: string, facts: Facts = {}): Claim => ({ kind, facts, refused: undefined })

const cmdlinePart = (section: PeSection, line: string, image: Image | undefined): Part => {
  const refused = judgeLine(line, image)
  return part(section.name, line.length, { kind: 'cmdline', facts: { words: line.trim() }, refused })
}

type Looked = { readonly claim: Claim; readonly image: Image | undefined }

const lookAt = async (program: RandomAccess, section: PeSection, path: string): Promise<Looked> =>
  lookIntoImage(streamOf(bytesOf(program, section)), path)

const releaseFacts = (text: string | undefined): Facts => {
  const fields = parseOsRelease(text ?? '')
  if (typeof fields === 'string') return {}
  const [id, version] = [fields.get('IMAGE_ID'), fields.get('IMAGE_VERSION')]
  return { ...(id === undefined ? {} : { image: id }), ...(version === undefined ? {} : { version }) }
}

/** The claim of a unified kernel image: a kernel with its initramfs and its command line. */
const claimUki = async (program: RandomAccess, path: string, pe: Pe): Promise<Claim> => {
  const { sections, signed } = pe
  const section = (name: string) => sections.find((one) => one.name === name)
  const initrd = section('.initrd')
  const looked = initrd === undefined ? undefined : await lookAt(program, initrd, `${path}: .initrd`)
  const lines = sections.filter(({ name }) => name === '.cmdline')
  const parts = sections.map((one): Part => {
    if (one.name === '.cmdline') return cmdlinePart(one, textOf(program, one) ?? '', looked?.image)
    if (one === initrd && looked !== undefined)
      return part(one.name, bytesOf(program, one).size, looked.claim)
    return part(one.name, one.bytes, plain('section'))
  })
  const claim = claimNamed(path, {
    kind: 'uki',
    name: 'a unified kernel image',
    use: 'taken',
    parts,
    advice: 'put it on an EFI system partition as EFI/BOOT/BOOTX64.EFI',
    facts: {
      signed,
      ...releaseFacts(textOf(program, section('.osrel'))),
      ...unameFacts(textOf(program, section('.uname'))),
    },
  })
  const lacks = whatLacks(lines.length, initrd, path)
  return { ...claim, refused: claim.refused ?? lacks }
}

const unameFacts = (uname: string | undefined): Facts => (uname === undefined ? {} : { kernel: uname.trim() })

/** The refusal of an image without an initramfs or without one command line: the boot loader could add unmeasured ones. */
const whatLacks = (lines: number, initrd: PeSection | undefined, path: string): Fault | undefined => {
  const bad = (reason: string) => fail('uki-unusable', { path, reason }).fault
  if (initrd === undefined) return bad('it has no initramfs')
  if (lines === 0) return bad('it has no command line, and would take any line that the boot loader passes')
  return lines > 1 ? bad('it has several command lines, of which the boot loader chooses one') : undefined
}

/** The claim of an EFI program without a kernel. An add-on is one: systemd's stub takes add-ons beside an image. */
const claimOther = (program: RandomAccess, path: string, { sections, signed }: Pe): Claim => {
  const line = sections.find(({ name }) => name === '.cmdline')
  const magic = textOf(
    program,
    sections.find(({ name }) => name === '.sdmagic'),
  )
  const isStub = /^#### LoaderInfo: systemd-stub /.test(magic ?? '')
  if (line !== undefined)
    return claimNamed(path, {
      kind: 'uki-addon',
      name: 'an add-on to a unified kernel image',
      use: 'foreign',
      facts: { signed },
      advice:
        'its words are added to the command line, where the boot refuses them; give them to cvmboot pack --uki instead',
    })
  return claimNamed(path, {
    kind: isStub ? 'efi-stub' : 'efi',
    name: isStub ? "systemd's EFI stub" : 'an EFI program without a kernel in it, as a boot loader is',
    use: isStub ? 'taken' : 'foreign',
    facts: { signed },
    advice: isStub
      ? 'cvmboot pack --uki --stub takes it'
      : 'a unified kernel image of cvmboot pack --uki needs no such program',
  })
}

/** The claim of a file that begins like an EFI program. `path` is for messages. */
export const claimPe = async (program: RandomAccess, path: string): Promise<Claim> => {
  const pe = parsePe(program.read(0, peHeadBytes), program.size)
  if (typeof pe === 'string')
    return claimNamed(path, {
      kind: 'exe',
      use: 'foreign',
      advice: '',
      name: `a program for DOS, Windows or EFI (${pe})`,
    })
  return pe.sections.some(({ name }) => name === '.linux')
    ? claimUki(program, path, pe)
    : claimOther(program, path, pe)
}
