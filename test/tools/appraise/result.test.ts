// The attestation result that `appraise` signs: read by `arc` of the Veraison project, which is another implementation of EAR,
// and refused where a byte of it changed. A machine without Go leaves arc out, and says so.

import { spawnSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import * as assert from 'uvu/assert'
import { goToolIn, hasGo } from '../../with/go-tool.ts'
import { suite } from '../../with/suite.ts'

const top = join(import.meta.dirname, '../../..')
const report = join(top, 'test/tables/appraise/snp-report/milan-b.bin')
const looking = join(top, 'examples/policy/any-measurement.json')

type Desk = { directory: string; arc: string | undefined }
const test = suite<Desk>('attestation result')
test.before(async (desk) => {
  desk.directory = mkdtempSync(join(tmpdir(), 'cvmboot-result-'))
  desk.arc = (await hasGo())
    ? join(await goToolIn('veraison-arc', 'github.com/veraison/ear@v1.1.2', 'arc'), 'arc')
    : undefined
  if (desk.arc === undefined) process.stdout.write('no Go here: arc is left out\n')
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

const run = (...args: string[]) =>
  spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(top, 'src/main.ts'), 'appraise', ...args],
    { encoding: 'utf8' },
  )

const keys = {
  EdDSA: () => generateKeyPairSync('ed25519'),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
} as const

const keyFile = (directory: string, key: KeyObject): string => {
  const file = join(directory, 'key.pem')
  writeFileSync(file, key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  return file
}

test('arc and jose verify the result of each kind of key, and refuse a changed result', async ({
  directory,
  arc,
}) => {
  for (const [algorithm, make] of Object.entries(keys)) {
    const { privateKey } = make()
    const output = join(directory, 'result.jwt')
    const asked = [report, '--policy', looking, '--result', output]
    const { status, stderr } = run(...asked, '--result-key', keyFile(directory, privateKey))
    assert.is(status, 0, stderr)
    const token = readFileSync(output, 'utf8').trimEnd()
    const { payload } = await jwtVerify(token, createPublicKey(privateKey))
    assert.equal(decodeProtectedHeader(token), { alg: algorithm, typ: 'JWT' })
    assert.is(JSON.parse(JSON.stringify(payload)).submods.cvmboot['ear.status'], 'warning')

    if (arc === undefined) continue
    const pkey = join(directory, 'pkey.json')
    writeFileSync(pkey, JSON.stringify(createPublicKey(privateKey).export({ format: 'jwk' })))
    const verify = (text: string) => {
      writeFileSync(output, text)
      return spawnSync(arc, ['verify', '--alg', algorithm, '--pkey', pkey, output], { encoding: 'utf8' })
    }
    const theirs = verify(token)
    assert.is(theirs.status, 0, theirs.stderr)
    assert.match(theirs.stdout, /"ear\.status": "warning"/)
    assert.match(theirs.stdout, /Hardware \[affirming\]/)
    const [header, body, signature] = token.split('.')
    const claims = Buffer.from(body ?? '', 'base64url')
      .toString('utf8')
      .replace('warning', 'affirming')
    const forged = [header, Buffer.from(claims).toString('base64url'), signature].join('.')
    assert.is.not(verify(forged).status, 0)
    let isRefused = false
    await jwtVerify(forged, createPublicKey(privateKey)).catch(() => {
      isRefused = true
    })
    assert.ok(isRefused)
  }
})

test('refused evidence gets a result too, which says so, and the exit status of its check', ({
  directory,
}) => {
  const output = join(directory, 'refused.jwt')
  const key = keyFile(directory, keys.EdDSA().privateKey)
  const { status, stderr } = run(
    join(top, 'test/tables/appraise/snp-report/milan-a.bin'),
    ...['--policy', looking, '--result', output, '--result-key', key],
  )
  assert.is(status, 33)
  assert.match(stderr, /appraise-debug/)
  const claims = Buffer.from(readFileSync(output, 'utf8').split('.')[1] ?? '', 'base64url').toString('utf8')
  assert.match(claims, /"ear\.status":"contraindicated"/)
  assert.match(claims, /"appraise-debug"/)
})

test('a key or a file that cannot serve is refused, and no result is written', ({ directory }) => {
  const output = join(directory, 'none.jwt')
  const file = join(directory, 'other.pem')
  const good = keyFile(directory, keys.EdDSA().privateKey)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const locked = { cipher: 'aes-256-cbc', passphrase: 'x' }
  const texts: readonly (string | Buffer)[] = [
    'no key',
    rsa.export({ format: 'pem', type: 'pkcs8' }),
    generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
    createPublicKey(keys.EdDSA().privateKey).export({ format: 'pem', type: 'spki' }),
    keys.EdDSA().privateKey.export({ format: 'pem', type: 'pkcs8', ...locked }),
  ]
  for (const text of texts) {
    writeFileSync(file, text)
    const { stderr } = run(report, '--policy', looking, '--result', output, '--result-key', file)
    assert.match(stderr, /appraise-result-key/)
  }
  const own = ['--result', output, '--result-key', good]
  assert.match(run(report, ...own.slice(0, 2)).stderr, /usage.*belong together/s)
  assert.match(run(report, ...own.slice(2)).stderr, /usage.*belong together/s)
  assert.match(run(report, ...own, '--nonce', '0707').stderr, /usage.*at least 6 bytes/s)
  assert.match(
    run(report, '--policy', looking, '--result', '/no/such', ...own.slice(2)).stderr,
    /appraise-output/,
  )
  assert.not.ok(existsSync(output))
})

test.run()
