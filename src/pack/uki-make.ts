// The two programs that put a unified kernel image together: ukify, or objcopy. For objcopy, this file does the rest of
// ukify's work. Nothing here trusts the finished image: uki-boots.ts reads it back.

import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../fault/index.ts'
import { readBounded } from '../machine/bounded.ts'
import { run } from '../machine/exec.ts'
import { parsePe, peHeadBytes, withoutTime } from './pe.ts'

/** In the order of the addresses that objcopy is told: the kernel may be unpacked over what follows it. */
export const ukiSections = ['.osrel', '.uname', '.cmdline', '.initrd', '.linux'] as const
export type UkiSection = (typeof ukiSections)[number]
export type UkiParts = Readonly<Record<UkiSection, { readonly file: string; readonly bytes: number }>>

export type Signing = { readonly key: string; readonly certificate: string }
export type Tool = { readonly kind: 'ukify' | 'objcopy'; readonly path: string }

export type Making = {
  readonly tool: string
  readonly stub: string
  readonly parts: UkiParts
  readonly signing: Signing | undefined
  /** The directory for the image and for intermediate files. */
  readonly directory: string
}

/** Makes the image and returns its path. Faults: `tool-*`, `pack-input`. */
type Maker = (making: Making) => Promise<string>

const byUkify: Maker = async ({ tool, stub, parts, signing, directory }) => {
  const image = join(directory, 'image.efi')
  const sign =
    signing === undefined
      ? []
      : [
          ...[`--secureboot-private-key=${signing.key}`, `--secureboot-certificate=${signing.certificate}`],
          // The kernel in the image needs no signature: the stub starts the kernel without asking the firmware.
          '--no-sign-kernel',
        ]
  const args = [
    'build',
    // The ukify.conf of this machine would add to the image.
    '--config=/dev/null',
    `--stub=${stub}`,
    `--linux=${parts['.linux'].file}`,
    `--initrd=${parts['.initrd'].file}`,
    `--cmdline=@${parts['.cmdline'].file}`,
    `--os-release=@${parts['.osrel'].file}`,
    `--uname=${await readFile(parts['.uname'].file, 'latin1')}`,
    ...sign,
    `--output=${image}`,
  ]
  await run(tool, args, { package: 'systemd-ukify', env: { SOURCE_DATE_EPOCH: '0' } })
  return image
}

/** The least alignment of a section: one page, also where the stub asks for less. */
const leastAlignment = 4096

const byObjcopy: Maker = async ({ tool, stub, parts, signing, directory }) => {
  const bytes = readBounded(stub, 'stub')
  const pe = parsePe(bytes.subarray(0, peHeadBytes), bytes.length)
  if (typeof pe === 'string') throw fail('pack-input', { path: stub, reason: pe })
  const step = Math.max(pe.alignment, leastAlignment)
  const alignUp = (address: number): number => Math.ceil(address / step) * step
  let next = alignUp(pe.end)
  const args = ukiSections.flatMap((name) => {
    const address = pe.base + BigInt(next)
    next = alignUp(next + parts[name].bytes)
    return [
      ...['--add-section', `${name}=${parts[name].file}`],
      ...['--set-section-flags', `${name}=data,readonly`],
      ...['--change-section-vma', `${name}=0x${address.toString(16)}`],
    ]
  })
  const image = join(directory, 'image.efi')
  await run(tool, [...args, stub, image], { package: 'binutils' })
  await takeTime(image)
  if (signing === undefined) return image
  const signed = join(directory, 'signed.efi')
  const sign = ['--key', signing.key, '--cert', signing.certificate, '--output', signed, image]
  await run('sbsign', sign, { package: 'sbsigntool' })
  return signed
}

/** Removes the time of the run, which objcopy writes into the image. Fault: `pack-uki`. */
const takeTime = async (image: string): Promise<void> => {
  const file = await open(image, 'r+')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(peHeadBytes), 0, peHeadBytes, 0)
    const head = buffer.subarray(0, bytesRead)
    const found = parsePe(head, (await file.stat()).size)
    if (typeof found === 'string') throw fail('pack-uki', { tool: 'objcopy', reason: found })
    await file.write(withoutTime(head), 0, head.length, 0)
  } finally {
    await file.close()
  }
}

export const makers: Readonly<Record<Tool['kind'], Maker>> = { ukify: byUkify, objcopy: byObjcopy }
