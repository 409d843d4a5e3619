// What a refusal must look like from outside: one line with its code, and nothing after it.

import * as assert from 'uvu/assert'
import type { Boot } from './qemu.ts'
import { lastWords } from './report.ts'
import { power, type World } from './world.ts'

export const refusal = /cvmboot: halt: ([a-z0-9-]+): cannot /

/** Traces of anything that could run after us: the new init, its login, or a shell of any initramfs. */
const somebodyElse =
  /systemd\[\d+\]|Welcome to|login:|cvm-report|\(initramfs\)|emergency (?:mode|shell)|sulogin|Press Enter|BusyBox|\bsh: |[#$] $/m

/** Boots to the refusal, waits long enough for what must not follow, and returns the line. */
export const refused = async (
  world: World,
  code: string,
  differently: Omit<Parameters<typeof power>[1] & object, 'until' | 'lingerSeconds'>,
): Promise<string> => {
  const result = await power(world, { timeoutSeconds: 180, ...differently, until: refusal, lingerSeconds: 3 })
  const line = checkRefusal(result, code)
  assert.is(result.ended, 'matched', `the machine ended instead of halting:\n${lastWords(result.console)}`)
  assert.match(result.console, /reboot: System halted/)
  return line
}

/** The part of it that holds however the machine ends. */
export const checkRefusal = (result: Boot, code: string): string => {
  const lines = result.console.split('\n')
  const said = lines.filter((line) => refusal.test(line))
  assert.is(said.length, 1, `expected one refusal with ${code}:\n${lastWords(result.console)}`)
  const [line = ''] = said
  assert.is(refusal.exec(line)?.[1], code, line)
  const after = lines.slice(lines.indexOf(line) + 1)
  assert.not(
    after.some((later) => later.includes('cvmboot:')),
    `the agent went on after it refused:\n${after.join('\n')}`,
  )
  assert.not.match(result.console, somebodyElse)
  return line
}
