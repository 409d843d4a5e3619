// Keys in the memory of a process that no longer needs them. The process stands still, and the test searches all memory that
// the process can write to.

import { spawn } from 'node:child_process'
import { createECDH, generateKeyPairSync, pbkdf2Sync, privateDecrypt } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { oaep } from '../../src/keys/owner.ts'
import { areaKeyBytes, iterations } from '../../src/layout/luks2/profile.ts'
import { kdfA, kdfE } from '../../src/machine/tpm/session.ts'
import { Secret } from '../../src/secret/secret.ts'
import { newAgeOwner, secretsOfAge } from '../with/age-file.ts'
import {
  candidatesIn,
  isIn,
  matchesP256,
  matchesX25519,
  memoryOf,
  privateKeysIn,
} from '../with/process-memory.ts'
import { recorded } from '../with/tpm-vectors.ts'

const source = join(import.meta.dirname, '../../src')

/**
 * Each object that node:crypto makes is held for ever: what the garbage collector would have to free is there to be found,
 * however quick the collector is.
 */
const holding = `import crypto from 'node:crypto'
  import { syncBuiltinESMExports } from 'node:module'
  globalThis.held = []
  for (const name of Object.keys(crypto).filter((name) => /^(?:create|generate)/.test(name))) {
    const make = crypto[name]
    crypto[name] = (...given) => {
      const made = make(...given)
      held.push(made)
      return made
    }
  }
  syncBuiltinESMExports()
  const say = (text) => process.stdout.write(text + '\\n')`

/** Runs `code` in a child, where `names` are those of modules of ours. Returns what the child printed, and its memory. */
const run = async (
  names: Readonly<Record<string, string>>,
  code: string,
): Promise<{ readonly said: string; readonly memory: Buffer[] }> => {
  const imports = Object.entries(names).map(
    ([list, from]) => `const { ${list} } = await import('${source}/${from}')`,
  )
  const text = [holding, ...imports, code, 'process.stdin.resume()'].join('\n')
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', text], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(`${data}`)))
  const memory = memoryOf(child.pid)
  child.kill()
  return { said: said.trim(), memory }
}

/** The same for bytes that are known once the child has spoken. */
const left = async (
  names: string,
  from: string,
  code: string,
  needles: (said: string) => readonly Buffer[],
): Promise<boolean[]> => {
  const { said, memory } = await run({ [names]: from }, code)
  return needles(said).map((needle) => isIn(memory, needle))
}

/** The key of a keyslot's area, as two of AES-256. Made here: the child has it only from the code that is tried. */
const areaKey = (): readonly Buffer[] => {
  const key = pbkdf2Sync(Buffer.alloc(64, 5), Buffer.alloc(32, 6), iterations, areaKeyBytes, 'sha256')
  return [key.subarray(0, 32), key.subarray(32)]
}
const area = `const { pbkdf2Sync, randomBytes } = crypto
  const [passphrase, salt] = [Buffer.alloc(64, 5), Buffer.alloc(32, 6)]`

test('a key that is held is found', async () => {
  const key = `${area}
    globalThis.held = pbkdf2Sync(passphrase, salt, ${iterations}, ${areaKeyBytes}, 'sha256')
    say('done')`
  assert.equal(await left('stripes', 'layout/luks2/profile.ts', key, areaKey), [true, true])
})

test('a keyslot that was made leaves no key of its area', async () => {
  const seal = `${area}
    sealKeyslot(randomBytes(64), passphrase, salt, randomBytes)
    say('done')`
  assert.equal(await left('sealKeyslot', 'layout/luks2/keyslot.ts', seal, areaKey), [false, false])
})

test('a volume whose content an owner took leaves no volume key', async () => {
  const decrypt = `${area}
    const key = pbkdf2Sync(passphrase, salt, ${iterations}, ${areaKeyBytes}, 'sha256')
    decryptSectors(key, randomBytes(1 << 20), 0n)
    key.fill(0)
    say('done')`
  assert.equal(await left('decryptSectors', 'owner/image.ts', decrypt, areaKey), [false, false])
})

test("a secret that went to a TPM leaves no key of the session's encryption", async () => {
  const ask = `const { Secret } = await import('${source}/secret/secret.ts')
    const session = { handle: 1, key: new Secret(Buffer.alloc(32, 9)), nonceTpm: Buffer.alloc(32, 8) }
    const asked = { name: 'Create', on: [], parameters: Buffer.alloc(66, 1), hides: 'command', session: 'end' }
    asked.parameters.writeUInt16BE(64)
    const sent = []
    for (let n = 0; n < 10; n++)
      try { askIn((command) => { sent.push(command.toString('hex', 20, 52)); return Buffer.alloc(0) }, session, asked) } catch {}
    say(sent.join(' '))`
  // Behind the head, the length of the authorization, the session's handle and the length of the nonce.
  const keys = (nonces: string): readonly Buffer[] =>
    nonces.split(' ').map((nonce) => {
      using session = new Secret(Buffer.alloc(32, 9))
      return kdfA(session, 'CFB', Buffer.from(nonce, 'hex'), Buffer.alloc(32, 8), 32).bytes.subarray(0, 16)
    })
  assert.not.ok((await left('askIn', 'machine/tpm/session.ts', ask, keys)).includes(true))
})

/** A storage key whose private part the test has, so that it knows all that a session is made of. */
const storage = createECDH('prime256v1')
storage.generateKeys()
const coordinates = (publicKey: Buffer) => [publicKey.subarray(1, 33), publicKey.subarray(33)] as const

const startsSession = (): string => {
  const [x, y] = coordinates(storage.getPublicKey())
  const answer = recorded.responses.find(({ name }) => name === 'StartAuthSession')?.bytes
  return `
    const point = { x: Buffer.from('${x.toString('hex')}', 'hex'), y: Buffer.from('${y.toString('hex')}', 'hex') }
    let asked
    const tpm = (command) => { asked = command.toString('hex'); return Buffer.from('${answer?.toString('hex')}', 'hex') }
    const session = startSession(tpm, { handle: 1, name: Buffer.alloc(34), point }, 'hmac')
    session.key[Symbol.dispose]()
    const session_said = asked`
}

/** The public key that went to the TPM, and the secrets that follow from it. */
const ofSession = (command: Buffer): { readonly share: Buffer; readonly secrets: readonly Buffer[] } => {
  // Behind the head, two handles and a length; then two lengths, and another one before y.
  const nonce = command.subarray(20, 52)
  const share = Buffer.concat([Buffer.of(4), command.subarray(56, 88), command.subarray(90, 122)])
  const shared = storage.computeSecret(share)
  const nonceTpm = recorded.responses.find(({ name }) => name === 'StartAuthSession')?.bytes.subarray(-32)
  const [[ours], [theirs]] = [coordinates(share), coordinates(storage.getPublicKey())]
  const salt = kdfE(new Secret(Buffer.from(shared)), 'SECRET', ours, theirs)
  const key = kdfA(salt, 'ATH', nonceTpm ?? Buffer.alloc(0), nonce, 32)
  return { share, secrets: [shared, salt.bytes, key.bytes] }
}

const owner = newAgeOwner()
const rsaOwner = generateKeyPairSync('rsa', { modulusLength: 3072 })
const rsaText = rsaOwner.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')

const wraps = (alg: string, text: string): string => `
    const passphrase = Secret.make(32, crypto.randomFillSync)
    const { wrapped } = wrapForOwner({ alg: '${alg}', text: '${text}' }, '00000000-0000-0000-0000-000000000000', passphrase)
    passphrase[Symbol.dispose]()
    const wrapped_said = wrapped`

/** What every process of Node has in its memory: no key of this test. */
const usual = new Set<string>()

test('a private key that is held is found, of which only the public key is known', async () => {
  const code = `const p256 = crypto.createECDH('prime256v1')
    p256.generateKeys()
    const { publicKey } = crypto.generateKeyPairSync('x25519')
    say(p256.getPublicKey('hex') + ' ' + publicKey.export({ format: 'der', type: 'spki' }).toString('hex', 12))`
  const { said, memory } = await run({}, code)
  const [p256 = '', x25519 = ''] = said.split(' ')
  const matches = [matchesP256(Buffer.from(p256, 'hex')), matchesX25519(Buffer.from(x25519, 'hex'))]
  const candidates = candidatesIn(memory)
  assert.equal(privateKeysIn(candidates.values(), matches), [true, true])
  for (const bytes of candidates.keys()) usual.add(bytes)
})

test('a session with a TPM and a passphrase wrapped for an owner leave no private key, and none of their secrets', async () => {
  const { said, memory } = await run(
    {
      startSession: 'machine/tpm/session.ts',
      wrapForOwner: 'keys/owner.ts',
      Secret: 'secret/secret.ts',
    },
    `${startsSession()}${wraps('age-x25519', owner.text)}
    say(session_said + ' ' + wrapped_said)`,
  )
  const [command = '', wrapped = ''] = said.split(' ')
  const session = ofSession(Buffer.from(command, 'hex'))
  const age = secretsOfAge(owner, Buffer.from(wrapped, 'base64'))
  const kept = [...session.secrets, ...age.secrets].map((secret) => isIn(memory, secret))
  assert.equal(kept, Array(9).fill(false))
  const matches = [matchesP256(session.share), matchesX25519(age.share)]
  const candidates = [...candidatesIn(memory)].flatMap(([bytes, there]) => (usual.has(bytes) ? [] : [there]))
  assert.equal(privateKeysIn(candidates, matches), [false, false])
})

test('a passphrase wrapped for an owner with an RSA key is gone', async () => {
  const { said, memory } = await run(
    { wrapForOwner: 'keys/owner.ts', Secret: 'secret/secret.ts' },
    `${wraps('rsa-oaep-256', rsaText)}
    say(wrapped_said)`,
  )
  const plain = privateDecrypt({ key: rsaOwner.privateKey, ...oaep }, Buffer.from(said, 'base64'))
  assert.is(plain.length, 53 + 32)
  assert.is(isIn(memory, plain.subarray(-32)), false)
})

test.run()
