// `release relay`: carries the request of a boot to a directory on the host, and the owner's grants from this directory to the
// boot. The relay is trusted with nothing: a grant is signed by the owner and wrapped to the key of one boot.

import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type KeyRequest,
  mostFrameBytes,
  parseKeyRequest,
  printFrame,
  takeFrame,
} from '../evidence/release-wire.ts'
import { errnoOf, reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { mostWrappedBytes } from '../keys/grant.ts'
import type { CryptName } from '../layout/layout.ts'
import { readBounded } from '../machine/bounded.ts'
import { writeOutput } from '../machine/output.ts'

export type RelayOptions = {
  /** The path of the socket on which QEMU has the port of the VM. */
  readonly socket: string
  /** The directory of evidence.json and of the grants, each as VOLUME.grant. */
  readonly directory: string
}

/** Milliseconds between two looks at the directory. */
const interval = 300
/** Bytes that wait for this program. A boot sends one request, and sends the request again after seconds only. */
const mostUnread = 4 * mostFrameBytes

export const evidenceName = 'evidence.json'
export const grantName = (volume: CryptName): string => `${volume}.grant`

const broken = (socket: string, reason: string) => fail('grant-relay', { path: socket, reason })

/** The bytes of a grant; undefined where the owner has not put the file there yet. Faults: `input-too-large`, `grant-relay`. */
const grantIn = (path: string): Buffer | undefined => {
  try {
    const bytes = readBounded(path, 'grant')
    return bytes.length > 0 && bytes.length <= mostWrappedBytes ? bytes : undefined
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

/** The request of a boot, kept until another boot asks. */
type Pending = { readonly frame: Buffer; readonly request: KeyRequest; readonly open: Set<CryptName> }

/** A boot repeats its request, to the byte; other bytes are of another boot. Fault: `grant-relay`. */
const taken = (frame: Buffer, before: Pending | undefined, socket: string): Pending | undefined => {
  if (before?.frame.equals(frame)) return before
  const request = parseKeyRequest(frame)
  if ('wrong' in request) throw broken(socket, `the request of the VM cannot be read: ${request.wrong}`)
  return { frame: Buffer.from(frame), request, open: new Set(request.volumes) }
}

/** The grants that lie in the directory before a boot asks are of earlier boots, and would only be refused. */
const staleIn = (directory: string, volumes: readonly CryptName[]): ReadonlyMap<CryptName, Buffer> =>
  new Map(
    volumes.flatMap((volume) => {
      const bytes = grantIn(join(directory, grantName(volume)))
      return bytes === undefined ? [] : [[volume, bytes] as const]
    }),
  )

/**
 * Ends once each volume of the request has its grant. Prints what the owner has to do. Faults: `grant-relay`, `grant-write`,
 * `input-too-large`.
 */
export const relay = async ({ socket: path, directory }: RelayOptions): Promise<void> => {
  const socket = createConnection(path)
  let received: Buffer = Buffer.alloc(0)
  let ended: string | undefined
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
    if (received.length <= mostUnread) return
    ended ??= `the VM has sent ${received.length} bytes that are no request`
    socket.destroy()
  })
  socket.on('error', (thrown) => {
    ended ??= reasonOf(thrown)
  })
  socket.on('close', () => {
    ended ??= 'the VM has closed the port'
  })
  let pending: Pending | undefined
  let stale: ReadonlyMap<CryptName, Buffer> = new Map()
  /** The bytes at the last look. A file that still grows is no grant yet. */
  const seen = new Map<CryptName, Buffer>()
  try {
    for (;;) {
      const found = takeFrame(received, mostFrameBytes)
      if (found !== 'more') {
        if ('wrong' in found) throw broken(path, `the VM sends no request: ${found.wrong}`)
        received = found.rest
        const next = taken(found.frame, pending, path)
        if (next !== pending && next !== undefined) {
          stale = staleIn(directory, next.request.volumes)
          await evidenceOut(join(directory, evidenceName), next.request)
          process.stdout.write(printNext(directory, next.request))
        }
        pending = next
        continue
      }
      if (pending !== undefined)
        for (const volume of pending.open) {
          const bytes = grantIn(join(directory, grantName(volume)))
          if (bytes === undefined || stale.get(volume)?.equals(bytes)) continue
          const isWhole = seen.get(volume)?.equals(bytes) ?? false
          seen.set(volume, bytes)
          if (!isWhole) continue
          socket.write(printFrame(bytes))
          pending.open.delete(volume)
          process.stdout.write(`sent ${join(directory, grantName(volume))}\n`)
        }
      if (pending?.open.size === 0) return
      if (received.length > 0 && takeFrame(received, mostFrameBytes) !== 'more') continue
      if (ended !== undefined) throw broken(path, ended)
      await wait(interval)
    }
  } finally {
    socket.end()
  }
}

const evidenceOut = async (path: string, { evidence }: KeyRequest): Promise<void> => {
  try {
    await writeOutput(path, evidence)
  } catch (thrown) {
    throw fail('grant-write', { path, reason: reasonOf(thrown) })
  }
}

const printNext = (directory: string, { volumes }: KeyRequest): string =>
  [
    `a boot asks for the key of ${volumes.join(' and ')}; its evidence is ${join(directory, evidenceName)}`,
    ...volumes.map(
      (volume) =>
        `waiting for ${join(directory, grantName(volume))}, which cvmboot release grant --volume ${volume} writes`,
    ),
    '',
  ].join('\n')
