// The verb `check` with a command line: the boot's own verdict.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig } from '../../../src/config/config.ts'
import { say } from '../../../src/fault/index.ts'
import { readCmdlineOption } from '../../../src/machine/cmdline-file.ts'
import { checkCmdline } from '../../../src/runtime/check-cmdline.ts'
import { goodCmdline } from '../../fake/machine.ts'

const saysOf = (text: string): string => {
  const finding = checkCmdline(() => readCmdlineOption(text), defaultConfig, 'own')
  return finding.result === 'bad' ? say(finding.fault) : finding.result
}

test('a line that the boot takes is good, with white space around it', () => {
  assert.is(saysOf(goodCmdline), 'good')
  assert.is(saysOf(` ${goodCmdline}\n`), 'good')
})

test('a line that the boot refuses is a finding with its words', () => {
  assert.match(saysOf(`${goodCmdline} nosmt`), /^cmdline-forbidden: .*nosmt/)
  assert.match(saysOf(''), /^cmdline-missing: /)
})

test('a character that nobody sees is a finding, which names it', () => {
  for (const [text, says] of [
    [`${goodCmdline}\u00a0quiet`, /a no-break space \(U\+00A0\); type a plain space/],
    [`${goodCmdline} qui\u200bet`, /a zero-width space, which is invisible \(U\+200B\); remove it/],
    [`${goodCmdline} loglevel\uff1d3`, /a full-width equals sign/],
    [`${goodCmdline}\r\n`, /ends with CR LF/],
    [`\ufeff${goodCmdline}`, /a byte order mark/],
    [`${goodCmdline}\nquiet`, /line 2, column 1: a second line/],
  ] as const)
    assert.match(saysOf(text), says)
})

test('a file that is not there is a finding', () => {
  assert.match(saysOf('@/no/such/file'), /^cmdline-file: /)
})

test.run()
