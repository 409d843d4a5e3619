// HPKE and the wrapped grant against pyhpke (PyPI), an implementation in Python that never saw ours, in both directions.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as assert from 'uvu/assert'
import { openGrant, wrapGrant } from '../../src/keys/grant.ts'
import { unwrapHpke, wrapHpke } from '../../src/keys/hpke.ts'
import { Secret } from '../../src/secret/secret.ts'
import { askedBy, bootKey, goodTerms, grantOf, secretOf, statementBytes } from '../with/grants.ts'
import { pythonTool } from '../with/python-tool.ts'
import { suite } from '../with/suite.ts'

const script = `
import json, sys
from pyhpke import AEADId, CipherSuite, KDFId, KEMId
suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)
answers = []
for job in json.load(sys.stdin):
    info = bytes.fromhex(job['info'])
    message = bytes.fromhex(job['message'])
    if job['do'] == 'seal':
        share, context = suite.create_sender_context(suite.kem.deserialize_public_key(bytes.fromhex(job['key'])), info)
        answers.append((share + context.seal(message)).hex())
    else:
        own = suite.kem.deserialize_private_key(bytes.fromhex(job['key']))
        answers.append(suite.create_recipient_context(message[:32], own, info).open(message[32:]).hex())
print(json.dumps(answers))
`

type Job = {
  readonly do: 'seal' | 'open'
  readonly key: string
  readonly info: string
  readonly message: string
}

const test = suite<{ library: string }>('HPKE')
test.before(async (desk) => {
  desk.library = await pythonTool('pyhpke', 'pyhpke==0.6.5')
})

const asked = (library: string, jobs: readonly Job[]): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      'python3',
      ['-c', script],
      { env: { ...process.env, PYTHONPATH: library } },
      (error, stdout) => (error === null ? resolve(JSON.parse(stdout)) : reject(error)),
    )
    child.stdin?.end(JSON.stringify(jobs))
  })

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const messages = [0, 1, 31, 32, 600, 32 * 1024].map((length) => ({
  info: Buffer.from(`info of ${length} bytes`),
  plain: createHash('sha256').update(`${length}`).digest().subarray(0, 1),
  length,
}))

test('pyhpke opens each message that is wrapped here', async ({ library }) => {
  const jobs = messages.map(({ info, plain, length }): Job => {
    const secret = new Secret(Buffer.alloc(length, plain[0]))
    return {
      do: 'open',
      key: '05'.repeat(32),
      info: hex(info),
      message: hex(wrapHpke(bootKey(5), info, secret)),
    }
  })
  const found = await asked(library, jobs)
  assert.equal(
    found,
    messages.map(({ plain, length }) => hex(plain).repeat(length)),
  )
})

test('each message that pyhpke wraps opens here', async ({ library }) => {
  const key = hex(bootKey(5))
  const jobs = messages.map(
    ({ info, plain, length }): Job => ({
      do: 'seal',
      key,
      info: hex(info),
      message: hex(plain).repeat(length),
    }),
  )
  const found = await asked(library, jobs)
  for (const [i, { info, plain, length }] of messages.entries()) {
    using opened = unwrapHpke(secretOf(5), info, Buffer.from(found[i] ?? '', 'hex'))
    assert.is(opened === undefined ? 'closed' : hex(opened.bytes), hex(plain).repeat(length))
  }
})

test('a grant goes from owner to boot by way of pyhpke, with the info that docs/reference/grant.md describes', async ({
  library,
}) => {
  const statement = statementBytes(bootKey(5))
  const info = hex(
    Buffer.concat([Buffer.from('cvmboot grant v1\0'), createHash('sha256').update(statement).digest()]),
  )
  const grant = grantOf()
  const [wrapped = '', opened = ''] = await asked(library, [
    { do: 'seal', key: hex(bootKey(5)), info, message: hex(grant.bytes) },
    { do: 'open', key: '05'.repeat(32), info, message: hex(wrapGrant(bootKey(5), statement, grant)) },
  ])
  assert.is(opened, hex(grant.bytes))
  const found = openGrant(Buffer.from(wrapped, 'hex'), askedBy(5))
  assert.equal(found.terms, goodTerms)
  assert.equal(found.secret.bytes, secretOf(9).bytes)
})

test.run()
