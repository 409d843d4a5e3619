// A real TPM 2.0 in software, of Debian's package swtpm. Our codec talks to it without QEMU, and QEMU gives it to a guest as
// its TPM.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { toolPath } from '../../src/machine/exec.ts'
import type { Exchange } from '../../src/machine/tpm/command.ts'

const start = async (args: readonly string[], socket: string): Promise<ChildProcess> => {
  // A run that is killed takes it along.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'swtpm', 'socket', '--tpm2', ...args], {
    stdio: 'ignore',
    env: { PATH: toolPath },
  })
  for (let tries = 0; !existsSync(socket); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error('swtpm does not start')
    await setTimeout(25)
  }
  return child
}

/** For QEMU: what its chardev connects to. The TPM's seeds are in the directory `state`, and it ends with QEMU. */
export const tpmForQemu = async (state: string, socket: string): Promise<{ close: () => Promise<void> }> => {
  const child = await start(
    ['--tpmstate', `dir=${state}`, '--ctrl', `type=unixio,path=${socket}`, '--terminate'],
    socket,
  )
  return { close: () => end(child) }
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

// The verbs of a machine are synchronous, and sockets are not: a thread waits in their place.
const thread = `
  const { workerData: { socket, shared } } = require('node:worker_threads')
  const flag = new Int32Array(shared, 0, 2)
  const bytes = Buffer.from(shared, 8)
  const connection = require('node:net').connect(socket)
  let answer = Buffer.alloc(0)
  connection.on('data', (chunk) => {
    answer = Buffer.concat([answer, chunk])
    if (answer.length < 6 || answer.length < answer.readUInt32BE(2)) return
    answer.copy(bytes)
    flag[1] = answer.length
    answer = Buffer.alloc(0)
    Atomics.store(flag, 0, 1)
    Atomics.notify(flag, 0)
  })
  require('node:worker_threads').parentPort.on('message', (command) => connection.write(command))
`

export type SoftTpm = { readonly tpm: Exchange; readonly close: () => Promise<void> }

/** One that has just been powered on, with the seeds that the directory `state` holds, or new ones. */
export const softTpm = async (state: string): Promise<SoftTpm> => {
  const socket = join(state, 'socket')
  const args = ['--tpmstate', `dir=${state}`, '--server', `type=unixio,path=${socket}`]
  const flags = 'not-need-init,startup-clear'
  const child = await start([...args, '--flags', flags], socket)
  const shared = new SharedArrayBuffer(8 + 8192)
  const flag = new Int32Array(shared, 0, 2)
  const worker = new Worker(thread, { eval: true, workerData: { socket, shared } })
  await once(worker, 'online')
  return {
    tpm: (command) => {
      flag[0] = 0
      worker.postMessage(command)
      if (Atomics.wait(flag, 0, 0, 20_000) === 'timed-out') throw new Error('swtpm does not answer')
      return Buffer.from(Buffer.from(shared, 8, flag[1] ?? 0))
    },
    close: async () => {
      await worker.terminate()
      await end(child)
    },
  }
}
