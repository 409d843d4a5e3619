// Records of the kernel's log, as Documentation/ABI/testing/dev-kmsg lays them out.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { kernelsOwn, readKernelLog } from '../../../src/machine/kernel-log.ts'

test('the text of a record is what the kernel said, without what it says of the device', () => {
  const text = 'sev-guest sev-guest: Disabling VMPCK0 communication key to prevent IV reuse.'
  const record = `1,907,40011,-;${text}\n SUBSYSTEM=platform\n DEVICE=+platform:sev-guest\n`
  assert.is(kernelsOwn(record), text)
  assert.is(kernelsOwn('6,1,0,-,caller=T1;a; b, c\n'), 'a; b, c')
})

test('what a program writes there is not what the kernel said', () => {
  // Facility 1 and higher: a program cannot write as facility 0.
  for (const priority of [9, 12, 30, 191])
    assert.is(
      kernelsOwn(`${priority},2,0,-;Disabling VMPCK0 communication key to prevent IV reuse\n`),
      undefined,
    )
  for (const record of ['', 'text', '6;text', ',1;text', 'x,1,0,-;text'])
    assert.is(kernelsOwn(record), undefined)
})

test('a log is read to its end, and one that is not there is empty', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cvmboot-log-'))
  const file = join(directory, 'kmsg')
  writeFileSync(file, '6,1,0,-;one\n')
  assert.equal(readKernelLog(file), ['one'])
  assert.equal(readKernelLog('/dev/null'), [])
  assert.equal(readKernelLog(join(directory, 'none')), [])
  assert.equal(readKernelLog(directory), [])
  rmSync(directory, { recursive: true })
})

test.run()
