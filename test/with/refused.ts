// The refusal of an owner's verb: its code and its words.

import * as assert from 'uvu/assert'
import { BootFault } from '../../src/fault/index.ts'

export const refused = async (
  code: string,
  reason: RegExp,
  act: () => Promise<unknown> | unknown,
): Promise<void> => {
  try {
    await act()
  } catch (thrown) {
    assert.instance(thrown, BootFault)
    const { fault, message } = thrown as BootFault
    assert.is(fault.code, code, message)
    assert.match(message, reason)
    return
  }
  assert.unreachable(`no ${code}`)
}
