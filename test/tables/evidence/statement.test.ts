// The statement: one spelling, and each other spelling is refused.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseStatement, printStatement, type Statement } from '../../../src/evidence/statement.ts'

const hex = (byte: string, count: number): string => byte.repeat(count)

const whole: Statement = {
  executable: { version: '0.1.0', git: 'c9ea569' },
  image: { id: 'site', version: '7' },
  plan: hex('01', 32),
  roots: { 'root-fs': hex('02', 32), 'oem-launcher': hex('03', 32), 'os-config': hex('04', 32) },
  state: hex('05', 32),
  site: hex('06', 48),
  keys: { workspace: 'snp binding=measurement', 'job-store': 'ephemeral' },
  ephemeral: { x25519: hex('07', 32), p256: `04${hex('08', 64)}` },
  time: '2026-12-01T12:00:00Z',
}

const least: Statement = { ...whole, image: null, state: null, site: null, keys: {}, ephemeral: null }

test('a statement is read as it was printed', () => {
  for (const statement of [
    whole,
    least,
    { ...whole, keys: { workspace: 'ephemeral' } },
    { ...whole, rtmr3: 'extended' },
  ] as const)
    assert.equal(parseStatement(printStatement(statement)), JSON.parse(`${printStatement(statement)}`))
  assert.is(
    `${printStatement(least)}`,
    '{"cvmboot-statement":1,"executable":{"version":"0.1.0","git":"c9ea569"},"image":null,' +
      `"plan":"${hex('01', 32)}","roots":{"root-fs":"${hex('02', 32)}","oem-launcher":"${hex('03', 32)}",` +
      `"os-config":"${hex('04', 32)}"},"state":null,"site":null,"keys":{},"ephemeral":null,` +
      '"time":"2026-12-01T12:00:00Z"}\n',
  )
})

const reasonFor = (bytes: Buffer): string => {
  const found = parseStatement(bytes)
  return 'wrong' in found ? found.wrong : 'accepted'
}

test('other bytes are refused, and the reason names the field', () => {
  const text = `${printStatement(whole)}`
  const changes: readonly (readonly [string, string, RegExp])[] = [
    ['"cvmboot-statement":1', '"cvmboot-statement":2', /not of version 1/],
    ['"cvmboot-statement":1', '"cvmboot-statement":"1"', /not of version 1/],
    ['"version":"0.1.0"', '"version":""', /field executable/],
    ['"version":"0.1.0"', '"version":"\\u0000"', /field executable/],
    ['"image":{"id":"site","version":"7"}', '"image":{"id":"site"}', /field image/],
    ['"image":{"id":"site","version":"7"}', '"image":[]', /field image/],
    [hex('01', 32), hex('01', 31), /field plan/],
    [hex('01', 32), hex('0A', 32), /field plan/],
    [`"root-fs":"${hex('02', 32)}",`, '', /field roots/],
    [`"state":"${hex('05', 32)}"`, '"state":0', /field state/],
    [`"site":"${hex('06', 48)}"`, `"site":"${hex('06', 47)}"`, /field site/],
    ['"job-store":"ephemeral"', '"job-store":null', /field keys/],
    ['"job-store":"ephemeral"', '"job-store":"ephemeral","tmp-fs":"ephemeral"', /other bytes/],
    [hex('07', 32), hex('07', 33), /field ephemeral/],
    [`04${hex('08', 64)}`, hex('08', 64), /field ephemeral/],
    ['"time"', '"rtmr3":"zero","time"', /field rtmr3/],
    ['"time"', '"rtmr3":null,"time"', /field rtmr3/],
    ['12:00:00Z', '12:00:00.000Z', /field time/],
    ['2026-12-01', '2026-13-01', /field time/],
    ['"time"', '"more":1,"time"', /other bytes/],
    ['{"cvmboot', ' {"cvmboot', /other bytes/],
    ['}\n', '}', /other bytes/],
    ['}\n', '}\n\n', /other bytes/],
    ['"state":', '"state":null,"state":', /other bytes/],
    ['{"cvmboot', 'cvmboot', /not JSON/],
  ]
  for (const [from, to, reason] of changes) {
    const last = text.lastIndexOf(from)
    assert.ok(last >= 0, from)
    const changed = text.slice(0, last) + to + text.slice(last + from.length)
    assert.match(reasonFor(Buffer.from(changed)), reason, to)
  }
  assert.match(reasonFor(Buffer.from('[]')), /not JSON/)
  assert.match(reasonFor(Buffer.from('')), /not JSON/)
  assert.match(reasonFor(Buffer.alloc(16 * 1024 + 1, 0x20)), /16385 bytes/)
})

test('the prototype of an object is no field', () => {
  assert.match(reasonFor(Buffer.from('{"__proto__":{"cvmboot-statement":1}}\n')), /version/)
})

test.run()
