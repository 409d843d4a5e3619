// A compressed file, claimed by the first bytes that come out of its decompressor.

import { createReadStream } from 'node:fs'
import { fileSystemOf } from '../layout/filesystem.ts'
import { gptBlockSize } from '../layout/gpt.ts'
import { runThrough } from '../machine/exec.ts'
import { accessBuffer } from '../machine/random-access.ts'
import { compressionOf, decompress } from '../pack/decompress.ts'
import { quoted } from '../terminal/quoted.ts'
import type { Claim } from './claim.ts'
import { containerOf, unpackContainer } from './container.ts'
import type { Probe } from './format.ts'
import { formatOf, isMbr, probeHeadBytes } from './formats.ts'
import { claimNamed } from './named.ts'
import { topOfTar } from './tar.ts'

type Source = AsyncIterable<Uint8Array>
type Packing = {
  readonly name: string
  readonly magic: string
  /** The command by which a person unpacks the file, to a new file. */
  readonly unpack: (file: string) => string
  readonly decompress: (source: Source) => Source
}

const byTool = (tool: string, ofPackage: string) => (source: Source) =>
  runThrough(tool, ['-d', '-c', '-q'], source, ofPackage)
const ofInitramfs = (source: Source, head: Buffer): Source => {
  const compression = compressionOf(head)
  if (compression === undefined) throw new Error('it is not compressed')
  return decompress(source, compression)
}
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

const packings: readonly Packing[] = [
  ...(
    [
      ['gzip', '1f8b', (file: string) => `gunzip --keep ${file}`],
      ['zstd', '28b52ffd', (file: string) => `unzstd ${file}`],
      ['xz', 'fd377a585a00', (file: string) => `unxz --keep ${file}`],
      ['lz4', '02214c18', (file: string) => `unlz4 ${file} disk.img`],
    ] as const
  ).map(
    ([name, magic, unpack]): Packing => ({
      name,
      magic,
      unpack,
      decompress: (source) => ofInitramfs(source, hex(magic)),
    }),
  ),
  {
    name: 'lz4',
    magic: '04224d18',
    unpack: (file) => `unlz4 ${file} disk.img`,
    decompress: byTool('lz4', 'lz4'),
  },
  {
    name: 'bzip2',
    magic: '425a68',
    unpack: (file) => `bunzip2 --keep ${file}`,
    decompress: byTool('bzip2', 'bzip2'),
  },
]

const packingOf = (head: Buffer): Packing | undefined =>
  packings.find(({ magic }) => head.toString('hex', 0, magic.length / 2) === magic)

export const isPacked = (head: Buffer): boolean => packingOf(head) !== undefined

/** The first bytes of the content. Undefined where none come out: the file is damaged, or the tool is not installed. */
const firstBytes = async (path: string, { decompress: unpack }: Packing): Promise<Buffer | undefined> => {
  const source = createReadStream(path)
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of unpack(source)) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= probeHeadBytes) break
    }
  } catch {
    // The bytes before the failure count: a file may be cut off.
  } finally {
    source.destroy()
  }
  return length === 0 ? undefined : Buffer.concat(chunks).subarray(0, probeHeadBytes)
}

const isDisk = (probe: Probe): boolean => {
  return gptBlockSize(probe.head) !== undefined || isMbr(probe) || fileSystemOf(probe.head) !== undefined
}

/** The claim of a compressed file; `initramfs` where the file holds a cpio archive, which inspect/image.ts reads. */
export const claimPacked = async (path: string, head: Buffer): Promise<Claim | 'initramfs'> => {
  const packing = packingOf(head)
  if (packing === undefined) throw new Error('it is not compressed')
  const { name } = packing
  const inside = await firstBytes(path, packing)
  const file = quoted(path)
  const unpack = `unpack it: ${packing.unpack(file)}`
  if (inside === undefined)
    return claimNamed(path, {
      kind: name,
      use: 'foreign',
      advice: `it is damaged, or ${name} is not installed`,
      name: `a file compressed by ${name}, of which nothing can be read`,
    })
  if (/^07070[12]$/.test(inside.toString('latin1', 0, 6))) return 'initramfs'
  const probe: Probe = { head: inside, tail: Buffer.alloc(0), size: inside.length }
  const found = formatOf(probe)
  if (found?.kind === 'tar') {
    const container = containerOf(topOfTar(accessBuffer(inside)))
    return container === undefined
      ? claimNamed(path, {
          kind: `tar-${name}`,
          name: `an archive (tar, compressed by ${name})`,
          use: found.use,
          advice: found.advice(file),
        })
      : claimNamed(path, { kind: 'container', name: container, use: 'convert', advice: unpackContainer })
  }
  if (isDisk(probe))
    return claimNamed(path, {
      kind: `disk-${name}`,
      name: `a disk image, compressed by ${name}`,
      use: 'convert',
      advice: unpack,
    })
  if (found !== undefined)
    return claimNamed(path, {
      kind: `${found.kind}-${name}`,
      use: found.use === 'foreign' ? 'foreign' : 'convert',
      advice: unpack,
      name: `${found.name}, compressed by ${name}`,
    })
  return claimNamed(path, { kind: name, name: `a file compressed by ${name}`, use: 'foreign', advice: '' })
}
