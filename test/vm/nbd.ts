// A disk over the network, as a hostile host serves it: a read-only NBD server (fixed newstyle handshake, simple
// replies) on a socket of this machine, whose every answer the test may change. QEMU keeps what the guest writes.

import { open } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'

export type Read = { readonly offset: number; readonly length: number; readonly bytes: Buffer }
/** Changes the bytes in place, or refuses them. */
export type Answer = (read: Read) => 'bytes' | 'error'

/** What QEMU takes for a disk, and the end of it. */
export type Served = { readonly file: string; readonly close: () => Promise<void> }

// doc/proto.md of the NBD project.
const optionMagic = Buffer.from('IHAVEOPT')
const replyMagic = Buffer.from('0003e889045565a9', 'hex')
const requestMagic = 0x25609513
const simpleMagic = 0x67446698
const option = { go: 7, abort: 2 } as const
const reply = { ack: 1, info: 3, unsupported: 0x80000001 } as const
const command = { read: 0, disconnect: 2, flush: 3 } as const
const EIO = 5
const EINVAL = 22

/** Serves the image at `disk`. */
export const serveNbd = async (disk: string, socket: string, answer: Answer): Promise<Served> => {
  const image = await open(disk, 'r')
  const { size } = await image.stat()
  const connections = new Set<Socket>()
  const server = createServer((connection) => {
    connections.add(connection)
    connection.once('close', () => connections.delete(connection))
    // QEMU is killed at the end of a boot: that is no failure of ours.
    connection.on('error', () => {})
    talk(connection).catch(() => connection.destroy())
  })

  const talk = async (connection: Socket): Promise<void> => {
    const take = reader(connection)
    connection.write(Buffer.concat([Buffer.from('NBDMAGIC'), optionMagic, Buffer.of(0, 3)]))
    await take(4)
    for (let negotiated = false; !negotiated; ) {
      const head = await take(16)
      const asked = head.readUInt32BE(8)
      await take(head.readUInt32BE(12))
      const respond = (type: number, data = Buffer.alloc(0)) =>
        connection.write(Buffer.concat([replyMagic, numbers(asked, type, data.length), data]))
      negotiated = asked === option.go
      if (asked === option.abort) return void connection.end()
      if (!negotiated) {
        respond(reply.unsupported)
        continue
      }
      const info = Buffer.alloc(12) // NBD_INFO_EXPORT: size, and flags: has flags, read-only
      info.writeBigUInt64BE(BigInt(size), 2)
      info.writeUInt16BE(3, 10)
      respond(reply.info, info)
      respond(reply.ack)
    }
    for (;;) {
      const request = await take(28)
      if (request.readUInt32BE(0) !== requestMagic) throw new Error('not a request')
      const kind = request.readUInt16BE(6)
      if (kind === command.disconnect) return void connection.end()
      const send = (error: number, bytes = Buffer.alloc(0)) =>
        connection.write(
          Buffer.concat([
            numbers(simpleMagic, error),
            request.subarray(8, 16),
            error === 0 ? bytes : Buffer.alloc(0),
          ]),
        )
      if (kind === command.flush) send(0)
      else if (kind !== command.read) send(EINVAL)
      else {
        const offset = Number(request.readBigUInt64BE(16))
        const bytes = Buffer.alloc(request.readUInt32BE(24))
        await image.read(bytes, 0, bytes.length, offset)
        send(answer({ offset, length: bytes.length, bytes }) === 'error' ? EIO : 0, bytes)
      }
    }
  }

  await new Promise<void>((done) => server.listen(socket, done))
  return {
    file: `nbd:unix:${socket}`,
    close: async () => {
      for (const connection of connections) connection.destroy()
      await new Promise((done) => server.close(done))
      await image.close()
    },
  }
}

const numbers = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4)
  return bytes
}

/** Takes exactly so many bytes at a time. */
const reader = (connection: Socket): ((length: number) => Promise<Buffer>) => {
  const chunks = connection[Symbol.asyncIterator]()
  let have = Buffer.alloc(0)
  return async (length) => {
    while (have.length < length) {
      const next = await chunks.next()
      if (next.done) throw new Error('QEMU hung up')
      have = Buffer.concat([have, next.value])
    }
    const bytes = have.subarray(0, length)
    have = have.subarray(length)
    return bytes
  }
}

/** Counts the reads that touch `[start, start + length)` and lets `then` decide about each, from 1. */
export const nthRead = (
  start: number,
  length: number,
  then: (nth: number, touched: Read) => 'bytes' | 'error' | undefined,
): Answer => {
  let nth = 0
  return (read) => {
    if (read.offset >= start + length || read.offset + read.length <= start) return 'bytes'
    return then(++nth, read) ?? 'bytes'
  }
}
