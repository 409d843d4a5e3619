// A suite of uvu whose preparation fails aloud. uvu itself drops an error of `before`: each test of the file then counts as
// failed, and nothing says why.

import { type Callback, suite as silent, type Test } from 'uvu'

export const suite = <T extends object>(name: string, context?: T): Test<T> => {
  const test = silent<T>(name, context)
  const { before } = test
  const aloud = (prepare: Callback<T>): void =>
    before(async (given) => {
      try {
        await prepare(given)
      } catch (thrown) {
        process.stderr.write(
          `\n${name}: its preparation failed: ${thrown instanceof Error ? thrown.stack : thrown}\n`,
        )
        throw thrown
      }
    })
  test.before = Object.assign(aloud, { each: before.each })
  return test
}
