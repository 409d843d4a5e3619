// `cvmboot release relay` as a process, between a socket that plays the VM and a directory that plays the owner.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { printFrame, printKeyRequest, takeFrame } from '../../../src/evidence/release-wire.ts'

const top = join(import.meta.dirname, '../../..')
const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-relay-'))
test.after(() => rmSync(scratch, { recursive: true, force: true }))

type Vm = { readonly server: Server; readonly socket: Socket; readonly got: () => Buffer }

let count = 0
/** The relay in a new directory, connected to a VM. */
const started = async () => {
  const directory = mkdtempSync(join(scratch, 'd-'))
  const path = join(scratch, `s${count++}`)
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(path, resolve))
  const connected = new Promise<Socket>((resolve) => void server.once('connection', resolve))
  const child = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    ...[join(top, 'src/main.ts'), 'release', 'relay', '--socket', path, '--directory', directory],
  ])
  const socket = await connected
  let got: Buffer = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    got = Buffer.concat([got, bytes])
  })
  socket.on('error', () => undefined)
  const vm: Vm = { server, socket, got: () => got }
  return { directory, vm, child, said: outputOf(child), ...endOf(child, server) }
}

const outputOf = (child: ChildProcess): (() => string) => {
  let text = ''
  child.stdout?.on('data', (bytes) => {
    text += String(bytes)
  })
  child.stderr?.on('data', (bytes) => {
    text += String(bytes)
  })
  return () => text
}

const endOf = (child: ChildProcess, server: Server) => ({
  end: new Promise<number | null>((resolve) => {
    child.once('close', (status) => {
      server.close()
      resolve(status)
    })
  }),
})

const until = async (is: () => boolean): Promise<void> => {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 20))
}

const evidence = '{"cvmboot-evidence":1}\n'
const request = printFrame(printKeyRequest({ volumes: ['workspace', 'job-store'], evidence }))
const grant = (byte: number) => Buffer.alloc(400, byte)

test('a repeated request is one request, and each grant goes to the boot once', async () => {
  const { directory, vm, said, end } = await started()
  // In pieces, and again as a boot repeats its request.
  vm.socket.write(request.subarray(0, 7))
  vm.socket.write(Buffer.concat([request.subarray(7), request, request]))
  await until(() => said().includes('waiting for'))
  assert.is(readFileSync(join(directory, 'evidence.json'), 'utf8'), evidence)
  writeFileSync(join(directory, 'job-store.grant'), grant(2))
  await until(() => said().includes('sent'))
  writeFileSync(join(directory, 'workspace.grant'), grant(1))
  assert.is(await end, 0, said())
  assert.is(said().match(/a boot asks/g)?.length, 1)
  const first = takeFrame(vm.got(), 65_536)
  if (first === 'more' || 'wrong' in first) return assert.unreachable('no frame')
  assert.equal(first.frame, grant(2))
  assert.equal(first.rest, printFrame(grant(1)))
})

test('a grant of an earlier boot is not sent, and another boot gets its own', async () => {
  const { directory, vm, said, end } = await started()
  for (const volume of ['workspace', 'job-store']) writeFileSync(join(directory, `${volume}.grant`), grant(9))
  const one = (text: string) => printFrame(printKeyRequest({ volumes: ['workspace'], evidence: text }))
  vm.socket.write(one('first\n'))
  await until(() => said().includes('a boot asks'))
  vm.socket.write(one('second\n'))
  await until(() => said().match(/a boot asks/g)?.length === 2)
  assert.is(readFileSync(join(directory, 'evidence.json'), 'utf8'), 'second\n')
  assert.is(vm.got().length, 0)
  writeFileSync(join(directory, 'workspace.grant'), grant(1))
  assert.is(await end, 0, said())
  assert.equal(vm.got(), printFrame(grant(1)))
})

for (const [what, bytes, reason] of [
  ['a frame of 2 GiB', Buffer.from('7fffffff00', 'hex'), /grant-relay: .*a frame says/],
  ['a frame that is no request', printFrame(Buffer.from('hello\n')), /grant-relay: .*cannot be read/],
] as const)
  test(`refused from a VM: ${what}`, async () => {
    const { vm, said, end } = await started()
    vm.socket.write(bytes)
    assert.is(await end, 37)
    assert.match(said(), reason)
  })

test('a VM that goes away, and a socket that is none, end the relay with their reason', async () => {
  const { vm, said, end } = await started()
  vm.socket.end(request)
  assert.is(await end, 37)
  assert.match(said(), /grant-relay: .*closed the port/)
  const child = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    ...[
      join(top, 'src/main.ts'),
      'release',
      'relay',
      '--socket',
      join(scratch, 'no'),
      '--directory',
      scratch,
    ],
  ])
  const text = outputOf(child)
  assert.is(await new Promise((resolve) => void child.once('close', resolve)), 37)
  assert.match(text(), /grant-relay: .*no such file/)
})

test.run()
