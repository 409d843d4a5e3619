// The shape of a row of the failure matrix, and the changes that a row makes to the world before its boot. The rows are in the
// files beside this one, by the thing that they change; run.ts boots and judges them.

import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { FaultCode } from '../../../src/fault/index.ts'
import type { RootHash } from '../../../src/layout/verity.ts'
import { run } from '../../../src/machine/exec.ts'
import { withContent, withPredecessor } from '../archives.ts'
import { copyOf } from '../disk.ts'
import type { power, World } from '../world.ts'

export type Change = Parameters<typeof power>[1] & object

export type Bench = {
  readonly from: World
  /** Path of a file of this row's own. */
  readonly file: (name: string) => string
  /** A copy of the world's disk, changed. */
  readonly disk: (edit: (disk: string) => Promise<unknown>) => Promise<Change>
  /** Runs when the boot is over. */
  readonly afterwards: (close: () => Promise<unknown>) => void
}

/**
 * The code of the refusal; `boots` where it must get through; `panics` where the kernel stops before the new init
 * has run, `panics later` where it stops under the new init; `powers off` where the script of a framework ends the
 * machine, because the agent did not and is no more.
 */
export type End = FaultCode | 'boots' | 'panics' | 'panics later' | 'powers off'

export type Row = readonly [
  what: string,
  ends: End,
  change: (bench: Bench) => Change | Promise<Change>,
  /** Also in the refusal, or anywhere on the console where there is none. */
  says?: RegExp,
]

export const benchOf = (from: World, scratch: string, closing: (() => Promise<unknown>)[]): Bench => {
  const file = (name: string) => join(scratch, name)
  return {
    from,
    file,
    disk: async (edit) => {
      const copy = await copyOf(from.disk, file('disk.img'))
      await edit(copy)
      return { disks: [{ file: copy }] }
    },
    afterwards: (close) => void closing.push(close),
  }
}

/** The word of a command line that gives a parameter its value. */
export const parameter = (cmdline: string, name: string): string =>
  cmdline.split(' ').find((word) => word.startsWith(`${name}=`)) ?? ''

export const wordValue = (cmdline: string, name: string): string =>
  parameter(cmdline, name).slice(name.length + 1)

export const rootHashName = 'cvmboot.roothash.root-fs'
export const rootHashOf = (cmdline: string): RootHash => wordValue(cmdline, rootHashName) as RootHash

/** The command line with something added. */
export const plus =
  (...words: string[]) =>
  ({ from }: Bench): Change => ({ cmdline: [from.cmdline, ...words].join(' ') })

/** The change, and a boot that waits no longer for disks than it must. */
export const impatient = ({ from }: Bench, change: Change): Change => ({
  cmdline: `${from.cmdline} cvmboot.device-timeout=2`,
  ...change,
})

/** The world's initramfs with its entries changed; the manifest is left as it was. */
export const archive = async (
  { from, file }: Bench,
  change: Parameters<typeof withContent>[2],
): Promise<Change> => {
  await withContent(from.initramfs['cvmboot-mock'], file('initramfs'), change)
  return { initramfs: file('initramfs') }
}

/** The world's initramfs with a script that runs before the agent, and modules of the guest's kernel for it. */
export const before = async (
  { from, file }: Bench,
  script: string,
  programs: readonly string[],
  modules: readonly string[],
): Promise<Change> => {
  const files = new Map<string, Buffer>()
  for (const module of modules) {
    const plain = file(basename(module))
    await run('sh', ['-c', 'xz -dc "$0" >"$1"', join(from.guest.modules, `${module}.xz`), plain])
    files.set(basename(module), await readFile(plain))
  }
  await withPredecessor(from.initramfs['cvmboot-mock'], file('initramfs'), script, programs, files)
  return { initramfs: file('initramfs') }
}
