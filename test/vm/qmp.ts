// The QEMU machine protocol, as much of it as a test needs: one command at a time over a socket.

import { connect } from 'node:net'
import { createInterface } from 'node:readline'

/** Sends commands in turn and returns what each answers; throws what QEMU answers with `error`. */
export const tell = async (
  socket: string,
  commands: readonly { execute: string; arguments?: Record<string, unknown> }[],
): Promise<unknown[]> => {
  const answered: unknown[] = []
  const connection = connect(socket)
  try {
    const answers = createInterface({ input: connection })[Symbol.asyncIterator]()
    await answers.next()
    for (const command of [{ execute: 'qmp_capabilities' }, ...commands]) {
      connection.write(`${JSON.stringify(command)}\n`)
      for (;;) {
        const answer = await answers.next()
        if (answer.done) throw new Error(`QEMU hung up on ${command.execute}`)
        const { error, return: done } = JSON.parse(answer.value)
        if (error !== undefined) throw new Error(`QEMU refused ${command.execute}: ${error.desc}`)
        // Anything else is an event, which may come between command and answer.
        if (done !== undefined) {
          answered.push(done)
          break
        }
      }
    }
    return answered.slice(1)
  } finally {
    connection.destroy()
  }
}
