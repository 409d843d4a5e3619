// Boots one row of the failure matrix, and judges the end of the boot.

import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { lastWords } from '../guest-report.ts'
import type { Boot } from '../qemu.ts'
import { checkRefusal, isQuiet, refusal, somebodyElse } from '../refusal.ts'
import { power, type World } from '../world.ts'
import { benchOf, type Change, type Row } from './row.ts'

export type Result = {
  readonly boot: Boot
  readonly change: Change
  /** The refusal in the memory of a machine that could not show it. */
  readonly remembered: string | undefined
  readonly seconds: number
}

const handedOver = /cvmboot: handing over to /
const stopped = /Kernel panic - not syncing: .*/
const forced = /cvmboot: (.*: the machine ends)$/m
const untilOf: Readonly<Record<string, RegExp>> = {
  boots: handedOver,
  panics: stopped,
  'panics later': stopped,
}

export const bootRow = async (from: World, [, ends, make]: Row): Promise<Result> => {
  const started = performance.now()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-row-'))
  const closing: (() => Promise<unknown>)[] = []
  try {
    const change = await make(benchOf(from, scratch, closing))
    const boot = await power(from, {
      timeoutSeconds: 150,
      until: untilOf[ends] ?? 'halted',
      // Long enough for what must not follow.
      lingerSeconds: ends === 'boots' ? 0 : 2,
      ...change,
    })
    const remembered =
      change.memory === undefined ? undefined : await find(change.memory, `cvmboot: halt: ${ends}: cannot `)
    return { boot, change, remembered, seconds: (performance.now() - started) / 1000 }
  } finally {
    for (const close of closing) await close()
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The line that begins so in a file, of printable text. */
const find = async (path: string, begins: string): Promise<string | undefined> => {
  const file = await open(path, 'r')
  try {
    const step = 1 << 26
    const chunk = Buffer.alloc(step + 4096)
    for (let at = 0; ; at += step) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
      const found = chunk.subarray(0, bytesRead).indexOf(begins)
      if (found >= 0) return /^[\x20-\x7e]*/.exec(chunk.toString('latin1', found, found + 1024))?.[0]
      if (bytesRead < chunk.length) return undefined
    }
  } finally {
    await file.close()
  }
}

/** The whole of what a row promises. */
export const judge = ([, ends, , says]: Row, { boot, change, remembered }: Result): void => {
  const { console, ended } = boot
  const shown = `\n${lastWords(console)}`
  if (ends === 'boots') {
    assert.match(console, handedOver, shown)
    assert.not.match(console, refusal)
  } else if (ends === 'panics' || ends === 'panics later') {
    assert.match(console, stopped, shown)
    assert.not.match(console, refusal)
    // A panic resets where panic= says so, and otherwise stands still.
    assert.is(ended, change.first?.includes('panic=-1') === false ? 'matched' : 'off', shown)
    if (ends === 'panics later') assert.match(console, handedOver, shown)
    else {
      assert.not.match(console, handedOver)
      assert.not.match(console, somebodyElse)
    }
    assert.not.match(console, /cvm-report: /)
  } else if (ends === 'powers off') {
    assert.match(console, forced, shown)
    assert.match(console, /reboot: Power down/, shown)
    assert.is(ended, 'off', shown)
    for (const never of [refusal, handedOver, somebodyElse]) assert.not.match(console, never)
  } else if (change.memory !== undefined) {
    assert.is(ended, 'halted', shown)
    assert.ok(remembered !== undefined, `no refusal with ${ends} in the guest's memory${shown}`)
    assert.not.match(console, somebodyElse)
  } else {
    const line = checkRefusal(boot, ends)
    // What stands behind -- is nobody's.
    const [words = ''] = (change.cmdline ?? '').split(' -- ')
    const how = / cvmboot\.on-failure=(\S+)/.exec(words)?.[1] ?? 'halt'
    assert.is(ended, how === 'halt' ? 'halted' : 'off', shown)
    if (!isQuiet(boot)) assert.match(console, lastOf[how] ?? /^$/)
    if (says !== undefined) assert.match(line, says)
    return
  }
  if (says !== undefined) assert.match(remembered ?? console, says, shown)
}

/** What the kernel says last. */
const lastOf: Readonly<Record<string, RegExp>> = {
  halt: /reboot: System halted/,
  poweroff: /reboot: Power down/,
  reboot: /reboot: Restarting system/,
}

/** What was seen, in a word or two, for the table. */
export const seen = ([, ends]: Row, { boot, remembered }: Result): string => {
  if (ends === 'boots' && handedOver.test(boot.console)) return 'the new init is next'
  const panic = stopped.exec(boot.console)?.[0]
  if (panic !== undefined) return panic.replace('Kernel panic - not syncing: ', '')
  const end = forced.exec(boot.console)?.[1]
  if (end !== undefined) return end
  const line =
    remembered ?? boot.console.split('\n').find((one) => refusal.test(one)) ?? `ended ${boot.ended}`
  return line.replace(/^.*cvmboot: halt: [a-z-]+: /, remembered === undefined ? '' : 'in memory: ')
}
