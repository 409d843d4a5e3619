// The look of a refusal from outside: one line with its code, and nothing after it.

import * as assert from 'uvu/assert'
import { closed } from '../../src/boot.ts'
import { lastWords } from './guest-report.ts'
import type { Boot } from './qemu.ts'

export const refusal = /cvmboot: halt: ([a-z0-9-]+): cannot /

/** Traces of the new init, and of a question or a shell of any initramfs. */
export const shellOrRoot =
  /Switching root|login:|cvm-report|\(initramfs\)|emergency (?:mode|shell)|sulogin|Press Enter|[Ee]nter additional|BusyBox|\bsh: |[#$>] $/m

/** The same where we are PID 1: then there is no systemd either. */
export const somebodyElse = new RegExp(`systemd\\[\\d+\\]|Welcome to|${shellOrRoot.source}`, 'm')

/** Whether the kernel was told to show nothing: then no line has its time. Of a busy one single lines may be lost. */
export const isQuiet = ({ console }: Boot): boolean => !/^\[ *\d+\.\d{6}\] /m.test(console)

/** One refusal with the code, everything closed after it, and nobody else ever there. Returns its line. */
export const checkRefusal = (result: Boot, code: string, others = somebodyElse): string => {
  const lines = result.console.split('\n')
  const said = lines.filter((line) => refusal.test(line))
  assert.is(said.length, 1, `expected one refusal with ${code}:\n${lastWords(result.console)}`)
  const [line = ''] = said
  assert.is(refusal.exec(line)?.[1], code, line)
  const after = lines.slice(lines.indexOf(line) + 1)
  assert.equal(
    after.filter((later) => later.includes('cvmboot:')).map((later) => later.replace(/^.*?cvmboot: /, '')),
    isQuiet(result) ? [] : [closed],
    `what followed the refusal:\n${after.join('\n')}`,
  )
  assert.not.match(result.console, others)
  return line
}
