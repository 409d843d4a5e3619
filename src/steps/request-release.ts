// request-release: asks the owner for the keys of volumes. The boot makes a key pair that exists in this boot only, sends
// evidence that names the public half, and takes grants back. The relay that carries the bytes is hostile.

import { type Evidence, printEvidence, reportData } from '../evidence/evidence.ts'
import { type Launch, launchOf } from '../evidence/launch.ts'
import { mostFrameBytes, printFrame, printKeyRequest, takeFrame } from '../evidence/release-wire.ts'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail, say } from '../fault/index.ts'
import { type Asked, mostWrappedBytes, openGrant } from '../keys/grant.ts'
import { publicX25519 } from '../keys/hpke.ts'
import type { CryptName } from '../layout/layout.ts'
import { parseReleaseOwner } from '../layout/release-owner.ts'
import type { Machine, Port } from '../machine/machine.ts'
import { unbound } from '../proof/evidence.ts'
import type { Boot, Definition, Released } from './step.ts'
import { askingStatement, imageOf } from './with/statement.ts'

export type RequestRelease = {
  readonly kind: 'request-release'
  readonly volumes: readonly CryptName[]
  /** The text of RELEASE_OWNER. */
  readonly owner: string
  /** Seconds within which every grant has to come, by the monotonic clock of the VM. */
  readonly timeout: number
  /** Seconds after which the boot sends its request again. */
  readonly retry: number
}

/** The name of the port of virtio-serial. */
export const portName = 'org.cvmboot.release'
/** Milliseconds between two looks at a port that has nothing to read. */
const pause = 50
/** The most bytes and the most frames that a relay may send. One boot needs two frames. */
const mostReceived = 4 * 1024 * 1024
const mostFrames = 256

/** A clock that runs out: the host sets the speed of this clock, and can stop the VM in any case. */
type Deadline = { readonly passed: () => boolean; readonly seconds: number }

const deadlineOf = (machine: Machine, seconds: number): Deadline => {
  const end = machine.now() + seconds * 1000
  return { passed: () => machine.now() >= end, seconds }
}

const carried = <T>(act: () => T): T => {
  try {
    return act()
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('release-carrier', { port: portName, reason: reasonOf(thrown) })
  }
}

/** Waits for the port: the kernel finds the ports of the host some time after it loads the driver. */
const waitForPort = async (machine: Machine, deadline: Deadline): Promise<Port> => {
  for (;;) {
    const port = carried(() => machine.openPort(portName))
    if (port !== undefined) return port
    if (deadline.passed())
      throw fail('release-carrier', { port: portName, reason: 'no port of virtio-serial has this name' })
    await machine.sleep(pause)
  }
}

type Conversation = {
  readonly machine: Machine
  readonly port: Port
  readonly request: Buffer
  readonly retry: number
  readonly deadline: Deadline
}

/**
 * Sends the request again and again, and gives each frame to `take`, until `isDone`. Returns false where the deadline passes
 * first. Faults: `release-flood`, `release-format`, `release-carrier`.
 */
const converse = async (
  { machine, port, request, retry, deadline }: Conversation,
  take: (frame: Buffer) => void,
  isDone: () => boolean,
): Promise<boolean> => {
  let unsent: Buffer = Buffer.alloc(0)
  let again = machine.now()
  let received: Buffer = Buffer.alloc(0)
  let [bytes, frames] = [0, 0]
  while (!isDone()) {
    if (deadline.passed()) return false
    if (unsent.length === 0 && machine.now() >= again) {
      unsent = request
      again = machine.now() + retry * 1000
    }
    const sent = unsent
    if (sent.length > 0) unsent = sent.subarray(carried(() => port.write(sent)))
    const got = carried(() => port.read())
    bytes += got.length
    if (bytes > mostReceived) throw fail('release-flood', { reason: `more than ${mostReceived} bytes` })
    if (got.length === 0) {
      await machine.sleep(pause)
      continue
    }
    received = Buffer.concat([received, got])
    for (;;) {
      const found = takeFrame(received, mostWrappedBytes)
      if (found === 'more') break
      if ('wrong' in found) throw fail('release-format', { reason: found.wrong })
      received = found.rest
      if (++frames > mostFrames) throw fail('release-flood', { reason: `more than ${mostFrames} messages` })
      take(found.frame)
      if (isDone()) break
    }
  }
  return true
}

/** The evidence that the owner judges. Faults: `tee-no-evidence`, `tee-report`. */
const evidenceFor = ({ machine }: Boot, statement: Buffer): { evidence: Evidence; launch: Launch } => {
  // The owner chose no nonce: the key in the statement is new, and a grant is wrapped to that key.
  const nonce = Buffer.alloc(0)
  const data = reportData(nonce, statement)
  const tee = machine.teeEvidence(data)
  if (tee === undefined) throw fail('tee-no-evidence', {})
  const launch = launchOf(tee)
  const reason = launch === undefined ? 'the report is cut off' : unbound(tee, data)
  if (launch === undefined || reason !== undefined) throw fail('tee-report', { reason: reason ?? '' })
  return { evidence: { nonce, statement, tee, tpm: undefined, boot: undefined }, launch }
}

/** Keeps a grant. Of two grants for one volume the one with the greater number counts. */
const keep = (released: Released, found: ReturnType<typeof openGrant>): void => {
  const before = released.get(found.terms.volume)
  if (before !== undefined && before.terms.sequence >= found.terms.sequence) {
    found.secret[Symbol.dispose]()
    return
  }
  before?.secret[Symbol.dispose]()
  released.set(found.terms.volume, found)
}

const ownerOf = (text: string) => {
  const owner = parseReleaseOwner(text)
  if (owner === undefined) throw new Error('partition.conf took a RELEASE_OWNER that is no key')
  return owner
}

export const requestRelease: Definition<RequestRelease> = {
  print: ({ volumes, owner, timeout, retry }) =>
    `request-release ${volumes.join(' ')} over ${portName} owner=${owner} within=${timeout}s again=${retry}s`,
  subject: ({ volumes }) => volumes.join(' '),
  run: async ({ volumes, owner, timeout, retry }, boot) => {
    const { machine, released } = boot
    using own = machine.random(32)
    const x25519 = publicX25519(own)
    const statement = askingStatement(boot, { x25519: x25519.toString('hex'), p256: null })
    const { evidence, launch } = evidenceFor(boot, statement)
    const request = printKeyRequest({ volumes, evidence: printEvidence(evidence) })
    if (request.length > mostFrameBytes) throw new Error(`a request of ${request.length} bytes`)
    const asked: Asked = { volumes, owner: ownerOf(owner), statement, own, image: imageOf(boot), launch }
    const deadline = deadlineOf(machine, timeout)
    const port = await waitForPort(machine, deadline)
    machine.log(5, `asking for the keys of ${volumes.join(' and ')}, key ${x25519.toString('hex')}`)
    let refused: BootFault | undefined
    const take = (frame: Buffer) => {
      try {
        keep(released, openGrant(frame, asked))
      } catch (thrown) {
        if (!(thrown instanceof BootFault)) throw thrown
        // A relay can send the answer of an earlier boot first, so the boot goes on waiting.
        refused = thrown
        machine.log(4, `refused: ${say(thrown.fault)}`)
      }
    }
    try {
      const isDone = () => volumes.every((volume) => released.has(volume))
      const conversation = { machine, port, request: printFrame(request), retry, deadline }
      if (!(await converse(conversation, take, isDone)))
        throw refused ?? fail('release-none', { volumes: volumes.join(' and '), seconds: timeout })
    } finally {
      port.close()
    }
    const grants = [...released.values()].map(({ terms }) => terms)
    for (const { volume, sequence, scope } of grants)
      machine.log(
        5,
        `${volume}: grant ${sequence}, approved until ${scope.notAfter}; the boot does not judge the date`,
      )
    return {
      kind: 'request-release',
      volumes,
      grants: grants.map(({ volume, sequence, scope }) => `${volume} ${sequence} ${scope.notAfter}`),
      owner,
    }
  },
}
