// The other binary formats: device-mapper's answers, cpio, the first page of a file system.

import { fileSystemOf, isSwap } from '../../src/layout/filesystem.ts'
import { parseIntegritySuperblock, printIntegritySuperblock } from '../../src/layout/integrity.ts'
import { parseVeritySuperblock, printVeritySuperblock } from '../../src/layout/verity-superblock.ts'
import { type DmMessage, dmFlags, parseDm, printDm } from '../../src/machine/dm.ts'
import {
  type CpioContent,
  fileType,
  padding,
  parseCpio,
  printEntry,
  printTrailer,
} from '../../src/pack/cpio.ts'
import { mutateBytes } from './random.ts'
import { hexOf, need, same, target } from './run.ts'

const show = (bytes: Uint8Array): string => `${bytes.length} bytes:\n${hexOf(bytes)}`

const message: DmMessage = {
  name: 'root-fs',
  uuid: 'CRYPT-VERITY-00-root-fs',
  flags: dmFlags.readOnly | dmFlags.active,
  dev: '253:300',
  targets: [
    { start: 0n, sectors: 8000n, type: 'verity', text: '1 254:1 254:2 4096 4096 1000 1 sha256 ab -' },
  ],
}
const dmFields = [0, 4, 8, 12, 16, 20, 24, 28, 32, 40, 44, 48, 175, 176, 304, 312, 320, 328, 332, 336, 352]

/** What the kernel would not take as a request, `printDm` does not print. */
const isPrintable = ({ name, uuid, targets }: DmMessage): boolean =>
  [name, uuid, ...targets.flatMap(({ type, text }) => [type, text])].every((t) => /^[\x20-\x7e]*$/.test(t)) &&
  targets.every(({ text }) => text.length < 3700)

export const dmTarget = target<Uint8Array>({
  name: 'device-mapper answer',
  cost: 1,
  seeds: [printDm(message), printDm({ ...message, targets: [] }), printDm({ ...message, uuid: '' })],
  mutate: (random, seed) => mutateBytes(random, seed, dmFields),
  check: (bytes) => {
    const found = parseDm(Buffer.from(bytes))
    if (found === undefined) return false
    need(found.name.length < 128 && found.uuid.length < 129, 'a name without an end')
    need((found.flags & dmFlags.bufferFull) === 0 && found.targets.length <= 1, 'an answer that is cut')
    need(/^(?:0|[1-9][0-9]{0,3}):(?:0|[1-9][0-9]{0,6})$/.test(found.dev), `device ${found.dev}`)
    need(
      found.targets.every(({ type }) => type.length < 16),
      'a type without an end',
    )
    if (isPrintable(found)) same(parseDm(printDm(found)), found, 'printed, it reads differently')
    return true
  },
  show,
})

const file = (path: string, text: string): CpioContent => {
  const content = Buffer.from(text)
  return { path, mode: fileType.file | 0o644, bytes: content.length, content }
}
const entries: CpioContent[] = [
  { path: 'dev', mode: fileType.directory | 0o755, bytes: 0, content: Buffer.alloc(0) },
  {
    path: 'dev/console',
    mode: fileType.device | 0o600,
    bytes: 0,
    content: Buffer.alloc(0),
    device: { major: 5, minor: 1 },
  },
  file('init', 'hello'),
  file('etc/cvmboot/partition.conf', 'TMPFS_UID=0\n'),
]

const printArchive = (all: readonly CpioContent[]): Buffer =>
  Buffer.concat([
    ...all.flatMap((e, i) => [printEntry(e, i + 1), e.content, Buffer.alloc(padding(e.bytes))]),
    printTrailer(),
  ])

const archive = printArchive(entries)
// Fields of 8 digits, in each header.
const headers = [...archive.toString('latin1').matchAll(/070701/g)].map(({ index }) => index)
const cpioFields = headers.flatMap((at) => [at, ...Array.from({ length: 13 }, (_, n) => at + 6 + n * 8 + 7)])

export const cpioTarget = target<Uint8Array>({
  name: 'cpio',
  cost: 1,
  seeds: [archive, printArchive([]), printArchive(entries.slice(2))],
  mutate: (random, seed) => {
    if (random.once(2)) return mutateBytes(random, seed, cpioFields)
    // One field of a header replaced: whatever parseInt reads in it must be what is printed there again.
    const bytes = Buffer.from(seed)
    const digits = random.pick([
      '00000000',
      '00000001',
      'ffffffff',
      '0000000A',
      '-0000001',
      '0x000001',
      ' 0000001',
    ])
    const at = random.pick(headers) + 6 + random.int(13) * 8
    if (at + 8 <= bytes.length) bytes.write(digits, at, 'latin1')
    // Letters and the ends of names, among them.
    if (random.once(2)) bytes.writeUInt8(random.pick([0, 0x2f, 0x61, 0xff]), random.int(bytes.length))
    return bytes
  },
  check: (bytes) => {
    const found = parseCpio(bytes)
    if (found === undefined) return false
    need(
      found.every(({ path }) => !path.includes('\0')),
      'a name that ends earlier for the kernel',
    )
    need(printArchive(found).equals(bytes), 'printed, it is another archive')
    return true
  },
  show,
})

const page = (at: number, text: string): Buffer => {
  const bytes = Buffer.alloc(4096)
  bytes.write(text, at, 'latin1')
  return bytes
}

export const pageTarget = target<Uint8Array>({
  name: 'first page',
  cost: 2,
  seeds: [
    page(1024, '\xe2\xe1\xf5\xe0'),
    page(0, 'hsqs'),
    page(1080, '\x53\xef'),
    page(4086, 'SWAPSPACE2'),
    page(4086, 'SWAP-SPACE'),
  ],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 1024, 1080, 4086]),
  check: (bytes) => {
    const head = Buffer.from(bytes)
    const found = fileSystemOf(head)
    const swap = isSwap(head)
    need(head.length >= 4096 || (found === undefined && !swap), 'read from a page that is cut')
    return found !== undefined || swap
  },
  show,
})

/** A parser that returns undefined for what its printer would not print. */
const superblockTarget = <T>(
  name: string,
  seeds: readonly Uint8Array[],
  parse: (bytes: Buffer) => T | undefined,
  print: (found: T) => Buffer,
) =>
  target<Uint8Array>({
    name,
    cost: 1,
    seeds,
    show,
    mutate: (random, seed) =>
      mutateBytes(random, seed, [0, 8, 12, 16, 20, 24, 28, 32, 64, 68, 72, 80, 88, 343]),
    check: (bytes) => {
      const found = parse(Buffer.from(bytes))
      if (found === undefined) return false
      need(print(found).equals(bytes.subarray(0, 512)), 'it prints back differently')
      return true
    },
  })

const verity = {
  uuid: '40714836-65a1-43e1-babb-dc2008cb9033',
  algorithm: 'sha256',
  dataBlockSize: 4096,
  hashBlockSize: 4096,
  dataBlocks: 29799n,
  salt: 'ab'.repeat(32),
}

export const superblockTargets = [
  superblockTarget(
    'dm-verity superblock',
    [printVeritySuperblock(verity), printVeritySuperblock({ ...verity, salt: '' })],
    parseVeritySuperblock,
    printVeritySuperblock,
  ),
  superblockTarget(
    'dm-integrity superblock',
    [printIntegritySuperblock({ journalSections: 2, sectors: 64488n, logBlocksPerBit: 12 })],
    parseIntegritySuperblock,
    printIntegritySuperblock,
  ),
]
