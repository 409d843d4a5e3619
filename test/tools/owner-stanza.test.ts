// The owner's stanza: only its owner unwraps it. The programs age and openssl decrypt it too.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { encryptAge } from '../../src/keys/age-encrypt.ts'
import { ownerMacKey, wrapForOwner, wrappedOffset } from '../../src/keys/owner.ts'
import { printBech32 } from '../../src/layout/bech32.ts'
import type { OwnerToken } from '../../src/layout/luks2/luks2.ts'
import { toolPath } from '../../src/machine/exec.ts'
import { unwrapAsOwner } from '../../src/owner/unwrap.ts'
import { uuid } from '../with/luks2-good.ts'
import { ageOwner, type Owner, ownerPassphrase, rsaOwner, secretOf } from '../with/owner-keys.ts'
import { refused } from '../with/refused.ts'
import { suite } from '../with/suite.ts'

const test = suite<{ scratch: string }>("the owner's token")
test.before.each((context) => {
  context.scratch = mkdtempSync(join(tmpdir(), 'cvmboot-owner-'))
})
test.after.each(({ scratch }) => rmSync(scratch, { recursive: true, force: true }))

const [age, rsa] = [ageOwner(), rsaOwner()]
const owners = [
  ['age', age, ageOwner()],
  ['RSA', rsa, rsaOwner()],
] as const
const wrap = (owner: Owner) => wrapForOwner(owner.publicKey, uuid, secretOf(ownerPassphrase))

for (const [name, owner, stranger] of owners) {
  test(`${name}: the owner unwraps what was wrapped, and it is new each time`, async () => {
    const [token, other] = [await wrap(owner), await wrap(owner)]
    assert.is.not(token.wrapped, other.wrapped)
    using passphrase = await unwrapAsOwner(owner, 'job-store', uuid, token)
    assert.equal(passphrase.bytes, ownerPassphrase)
  })

  test(`${name}: who is not the owner does not, whatever the token says of itself`, async () => {
    const token = await wrap(owner)
    await refused('owner-token', /it is wrapped by/, () => unwrapAsOwner(stranger, 'job-store', uuid, token))
    const { kid } = await wrap(stranger)
    await refused('owner-token', /does not decrypt/, () =>
      unwrapAsOwner(stranger, 'job-store', uuid, { ...token, kid }),
    )
  })

  test(`${name}: a token of another volume is refused, by its UUID`, async () => {
    const other = uuid.replace('4071', '4072')
    const token = await wrap(owner)
    await refused('owner-token', /is not for the volume 4072/, () =>
      unwrapAsOwner(owner, 'job-store', other, token),
    )
  })

  test(`${name}: a token with one byte changed, or cut short, is refused`, async () => {
    const token = await wrap(owner)
    const bytes = Buffer.from(token.wrapped, 'base64')
    const changed = [0, Math.floor(bytes.length / 2), bytes.length - 1].map((at) => {
      const copy = Buffer.from(bytes)
      copy[at] = (copy[at] ?? 0) ^ 1
      return copy
    })
    for (const file of [...changed, bytes.subarray(0, -1), bytes.subarray(0, 0)]) {
      const bad: OwnerToken = { ...token, wrapped: file.toString('base64') }
      await refused('owner-token', /does not decrypt/, () => unwrapAsOwner(owner, 'job-store', uuid, bad))
    }
  })

  test(`${name}: what wraps too much or too little is refused`, async () => {
    for (const length of [0, 31, 33]) {
      const token = await wrapForOwner(owner.publicKey, uuid, secretOf(Buffer.alloc(length)))
      await refused('owner-token', new RegExp(`has ${length} bytes and not 32`), () =>
        unwrapAsOwner(owner, 'job-store', uuid, token),
      )
    }
  })
}

test('a key that nothing can be wrapped to is refused', async () => {
  for (const key of [
    { alg: 'rsa-oaep-256', text: 'MIIB' },
    { alg: 'age-x25519', text: 'age1' },
    // A point of low order: what is wrapped to it, anybody unwraps.
    { alg: 'age-x25519', text: printBech32('age', Buffer.alloc(32)).toString('latin1') },
  ] as const)
    await refused('owner-key', /correct JOBSTORE_OWNER/, async () =>
      wrapForOwner(key, uuid, secretOf(ownerPassphrase)),
    )
})

const decrypted = (command: string, args: readonly string[], input: Uint8Array): Buffer => {
  const { status, stdout, stderr } = spawnSync(command, args, { input, env: { PATH: toolPath } })
  assert.is(status, 0, `${stderr}`)
  return stdout
}

test("Debian's age decrypts a token, and we what it encrypts", async ({ scratch }) => {
  const token = await wrap(age)
  const key = join(scratch, 'owner.key')
  writeFileSync(key, age.file)
  const plain = decrypted('age', ['--decrypt', '--identity', key], Buffer.from(token.wrapped, 'base64'))
  assert.is(plain.toString('latin1', 0, wrappedOffset), `cvmboot-owner 1 ${uuid}\n`)
  assert.equal(plain.subarray(wrappedOffset), ownerPassphrase)
  const theirs = decrypted('age', ['--encrypt', '--recipient', age.publicKey.text], plain)
  using back = await unwrapAsOwner(age, 'job-store', uuid, { ...token, wrapped: theirs.toString('base64') })
  assert.equal(back.bytes, ownerPassphrase)
})

test('age-keygen derives the same public key from our file', ({ scratch }) => {
  const owner = ageOwner()
  const key = join(scratch, 'owner.key')
  writeFileSync(key, owner.file)
  assert.is(decrypted('age-keygen', ['-y', key], Buffer.alloc(0)).toString(), `${owner.publicKey.text}\n`)
})

test('openssl decrypts a token that was wrapped to an RSA key', async ({ scratch }) => {
  const key = join(scratch, 'owner.pem')
  writeFileSync(key, rsa.file)
  const options = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256'].flatMap((option) => ['-pkeyopt', option])
  const plain = decrypted(
    'openssl',
    ['pkeyutl', '-decrypt', '-inkey', key, ...options],
    Buffer.from((await wrap(rsa)).wrapped, 'base64'),
  )
  assert.equal(plain.subarray(wrappedOffset), ownerPassphrase)
})

test('our file has the head of age v1', () => {
  const file = encryptAge(ageOwner().publicKey.text, Buffer.from('x'))
  assert.match(file.toString('latin1'), /^age-encryption\.org\/v1\n-> X25519 /)
})

test("each word of a header's place makes another MAC key for the owner", () => {
  const of = (volume: string, id: string, generation: number, passphrase = ownerPassphrase): string =>
    ownerMacKey(secretOf(passphrase), volume, id, generation).bytes.toString('hex')
  const keys = [
    of('job-store', uuid, 1),
    of('workspace', uuid, 1),
    of('job-store', 'u', 1),
    of('job-store', uuid, 2),
    of('job-store', uuid, 1, Buffer.alloc(32)),
  ]
  assert.is(new Set(keys).size, keys.length)
})

test('more than one chunk is refused, since only one is ever written', () => {
  const { text } = age.publicKey
  assert.throws(() => encryptAge(text, Buffer.alloc(64 * 1024 + 1)), /more than one chunk/)
})

test.run()
