// Rows of an initramfs of dracut or initramfs-tools, whose init runs the agent. A refusal of the agent ends the machine as
// everywhere else. Where the agent comes to another end, the scripts of the framework have to end the machine.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { FaultCode } from '../../../src/fault/index.ts'
import { withMore } from '../archives.ts'
import { lastWords } from '../guest-report.ts'
import type { Boot } from '../qemu.ts'
import { checkRefusal, refusal, shellOrRoot } from '../refusal.ts'
import { power, type World } from '../world.ts'
import { type Bench, benchOf, type Change } from './row.ts'

export type FrameworkRow<Image> = readonly [
  what: string,
  /** The code of the agent's refusal; `off` where the machine ends without the agent's word. */
  ends: FaultCode | 'off',
  image: Image,
  change: (bench: Bench) => Change | Promise<Change>,
  /** Also on the console. */
  says?: RegExp,
]

/** The image with files laid over it. */
export const laidOver = async (
  { file }: Bench,
  image: string,
  files: Readonly<Record<string, string>>,
): Promise<Change> => {
  await withMore(image, files, file('initramfs'))
  return { initramfs: file('initramfs') }
}

/** Boots one row from an image of its framework. */
export const bootWith = async <Image>(
  from: World,
  image: string,
  [, ends, , make]: FrameworkRow<Image>,
): Promise<Boot> => {
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-row-'))
  const closing: (() => Promise<unknown>)[] = []
  try {
    const change = await make(benchOf(from, scratch, closing))
    const until = ends === 'off' ? {} : ({ until: 'halted' } as const)
    return await power(from, { timeoutSeconds: 240, memoryMiB: 768, initramfs: image, ...until, ...change })
  } finally {
    for (const close of closing) await close()
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Whether it ended as the row says, with nobody asked and no shell. */
export const judgeFramework = <Image>([, ends, , , says]: FrameworkRow<Image>, result: Boot): void => {
  const shown = `\n${lastWords(result.console)}`
  if (ends !== 'off') {
    checkRefusal(result, ends, shellOrRoot)
    assert.is(result.ended, 'halted', shown)
  } else {
    assert.is(result.ended, 'off', shown)
    assert.not.match(result.console, refusal)
    assert.not.match(result.console, shellOrRoot)
    assert.match(result.console, /reboot: Power down|Kernel panic - not syncing/, shown)
  }
  if (says !== undefined) assert.match(result.console, says, shown)
}
