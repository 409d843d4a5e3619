// A session with the TPM that has the private part of a storage key. An attacker between guest and TPM can neither read the
// encrypted parameters nor answer in place of the TPM.
// TCG TPM 2.0 Library, Part 1, 11.4.10 (KDFs), 19 (sessions), 21 (encryption), C.6.

import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHmac,
  hash,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { fail } from '../../fault/index.ts'
import { Secret } from '../../secret/secret.ts'
import { ask, type CommandName, commandCodes, type Exchange, malformed } from './command.ts'
import { alg, handles, type Point, printPoint, sha256 } from './structures.ts'
import { readAll, sized, u8, u16, u32 } from './wire.ts'

const nonceBytes = 32

/** KDFa with SHA-256, for at most 32 bytes. */
export const kdfA = (key: Secret, label: string, u: Buffer, v: Buffer, bytes: number): Secret =>
  Secret.make(bytes, (into) => {
    const mac = createHmac('sha256', key.bytes)
    for (const part of [u32(1), Buffer.from(`${label}\0`), u, v, u32(bytes * 8)]) mac.update(part)
    const whole = mac.digest()
    whole.copy(into)
    whole.fill(0)
  })

/**
 * KDFe with SHA-256, for 32 bytes. `z` is the x of the shared point. The hash is one call: an object of createHash would keep
 * its digest, which is the key here, until the garbage collector frees the object.
 */
export const kdfE = (z: Secret, label: string, u: Buffer, v: Buffer): Secret => {
  const parts = [u32(1), z.bytes, Buffer.from(`${label}\0`), u, v]
  using whole = Secret.make(
    parts.reduce((sum, part) => sum + part.length, 0),
    (into) => {
      let at = 0
      for (const part of parts) at += part.copy(into, at)
    },
  )
  return new Secret(hash('sha256', whole.bytes, 'buffer'))
}

/** A key that the TPM has loaded. */
export type Loaded = { readonly handle: number; readonly name: Buffer }

/** The storage key. Its Name covers `point`, so that a session to `point` is a session to the key of that Name. */
export type Srk = Loaded & { readonly point: Point }

export type Session = {
  readonly handle: number
  readonly key: Secret
  /** The newest nonce of the TPM. */
  nonceTpm: Buffer
}

/** A private key that everybody knows. */
const one = Buffer.alloc(32)
one.writeUInt8(1, 31)

/** A salt that only the storage key's TPM can compute, and the share for that TPM. Fault: `tpm-session`. */
const makeSalt = ({ point }: Srk): { readonly salt: Secret; readonly share: Buffer } => {
  const ours = createECDH('prime256v1')
  ours.generateKeys()
  const [x, y] = [ours.getPublicKey().subarray(1, 33), ours.getPublicKey().subarray(33)]
  let shared: Buffer
  try {
    shared = ours.computeSecret(Buffer.concat([u8(4), point.x, point.y]))
  } catch {
    throw fail('tpm-session', { reason: 'its storage key is no point of P-256' })
  } finally {
    // OpenSSL zeroes the private key that this call replaces. The garbage collector would do so at some later time, or never.
    ours.setPrivateKey(one)
  }
  using z = new Secret(shared)
  return { salt: kdfE(z, 'SECRET', x, point.x), share: printPoint({ x, y }) }
}

/** TPM_SE (Part 2, 6.11). */
const sessionTypes = { hmac: 0, policy: 1 } as const

/** The caller disposes of the key. Faults: `tpm-response`, `tpm-error`, `tpm-session`. */
export const startSession = (tpm: Exchange, srk: Srk, type: keyof typeof sessionTypes): Session => {
  const made = makeSalt(srk)
  using salt = made.salt
  const nonce = randomBytes(nonceBytes)
  const { handle, parameters } = ask(
    tpm,
    {
      name: 'StartAuthSession',
      handles: [srk.handle, handles.null],
      parameters: Buffer.concat([
        ...[sized(nonce), sized(made.share), u8(sessionTypes[type])],
        ...[u16(alg.aes), u16(128), u16(alg.cfb), u16(alg.sha256)],
      ]),
    },
    1,
  )
  const nonceTpm = readAll(parameters, (from) => from.sized(nonceBytes))
  if (nonceTpm?.length !== nonceBytes) throw malformed('StartAuthSession')
  return { handle, key: kdfA(salt, 'ATH', nonceTpm, nonce, 32), nonceTpm }
}

/**
 * TPMA_SESSION (Part 2, 8.4). With `command` the TPM decrypts the command, with `response` it encrypts the response. A session
 * that `audits` authorizes nothing: only its HMACs matter. The TPM itself sets `exclusive` in the response to such a command.
 */
const attributes = { continue: 0x01, exclusive: 0x02, command: 0x20, response: 0x40, audits: 0x80 } as const

export type Authorized = {
  readonly name: CommandName
  /** The objects that the session authorizes the use of. Where the list is empty, the session audits the command. */
  readonly on: readonly Loaded[]
  /** The command's parameters. Where `hides` is `command`, the first TPM2B is encrypted in place. */
  readonly parameters: Buffer
  readonly hides: 'command' | 'response' | 'nothing'
  /** Whether the TPM keeps the session after the command. */
  readonly session: 'continue' | 'end'
  /** The number of handles in the response. */
  readonly handles?: 0 | 1
}

/** AES-128-CFB over the content of the first TPM2B, in place. */
const crypt = (
  make: typeof createCipheriv | typeof createDecipheriv,
  { key }: Session,
  newer: Buffer,
  older: Buffer,
  parameters: Buffer,
): void => {
  const end = 2 + (parameters.length < 2 ? 0 : parameters.readUInt16BE())
  const content = parameters.subarray(2, end)
  using keys = kdfA(key, 'CFB', newer, older, 32)
  const cipher = make('aes-128-cfb', keys.bytes.subarray(0, 16), keys.bytes.subarray(16))
  const done = cipher.update(content)
  // final() frees OpenSSL's copy of the key, which would otherwise wait for the garbage collector.
  cipher.final()
  done.copy(content)
  done.fill(0)
}

/**
 * Sends one command under a session: with an HMAC each way, and with the part encrypted that `hides` names. The HMAC of the
 * response proves that the TPM executed this very command now, and gave this answer. Returns the response, as views of its
 * bytes. Faults: `tpm-session` where the answer is not from the storage key's TPM, and those of `ask`.
 */
export const askIn = (tpm: Exchange, session: Session, asked: Authorized) => {
  const { name, on, parameters, hides } = asked
  const { key } = session
  const nonce = randomBytes(nonceBytes)
  const audits = on.length === 0 ? attributes.audits : 0
  const sent =
    (asked.session === 'continue' ? attributes.continue : 0) |
    (hides === 'nothing' ? 0 : attributes[hides]) |
    audits
  const mac = (of: Buffer, newer: Buffer, older: Buffer, said: number): Buffer =>
    createHmac('sha256', key.bytes).update(of).update(newer).update(older).update(u8(said)).digest()
  const code = u32(commandCodes[name])

  if (hides === 'command') crypt(createCipheriv, session, nonce, session.nonceTpm, parameters)
  const asks = sha256(code, ...on.map((one) => one.name), parameters)
  const auth = Buffer.concat([
    ...[u32(session.handle), sized(nonce), u8(sent)],
    sized(mac(asks, nonce, session.nonceTpm, sent)),
  ])
  const response = ask(
    tpm,
    { name, handles: on.map(({ handle }) => handle), auth, parameters },
    asked.handles ?? 0,
  )
  const found = readAll(response.auth, (from) => ({
    nonce: from.sized(nonceBytes),
    attributes: from.u8(),
    mac: from.sized(32),
  }))
  if (found?.nonce.length !== nonceBytes || found.mac.length !== 32) throw malformed(name)
  const answers = sha256(u32(0), code, response.parameters)
  const said = found.attributes
  const usual = said === sent || (audits !== 0 && said === (sent | attributes.exclusive))
  if (!usual || !timingSafeEqual(found.mac, mac(answers, found.nonce, nonce, said)))
    throw fail('tpm-session', {
      reason: `the answer to TPM2_${name} is not from the TPM that has the storage key`,
    })
  session.nonceTpm = found.nonce
  if (hides === 'response') crypt(createDecipheriv, session, found.nonce, nonce, response.parameters)
  return response
}
