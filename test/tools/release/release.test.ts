// `cvmboot release` as a process: the owner's files, and a grant that goes from these files to a boot. OpenSSL reads the
// signing key.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { printEvidence } from '../../../src/evidence/evidence.ts'
import { printGrant } from '../../../src/evidence/grant.ts'
import { openGrant, wrapGrant } from '../../../src/keys/grant.ts'
import { parseReleaseOwner } from '../../../src/layout/release-owner.ts'
import { printManifest } from '../../../src/measure/manifest.ts'
import { predict } from '../../../src/measure/predict.ts'
import { readIdentity } from '../../../src/owner/open.ts'
import { readSecret, readSigningKey } from '../../../src/release/files.ts'
import { exampleInputs, exampleRequest } from '../../tables/measure/example.ts'
import { askedBy, bootKey, goodTerms, statementBytes } from '../../with/grants.ts'

const top = join(import.meta.dirname, '../../..')
const directory = mkdtempSync(join(tmpdir(), 'cvmboot-release-'))
test.after(() => rmSync(directory, { recursive: true }))
const at = (name: string): string => join(directory, name)

const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(top, 'src/main.ts'), ...args], {
    encoding: 'utf8',
  })
const done = (...args: string[]): string => {
  const { status, stdout, stderr } = run(...args)
  assert.is(status, 0, stderr)
  return stdout.trim()
}

const recipient = done('owner', 'keygen', '--output', at('identity'))
const plainOwner = done('release', 'keygen', '--output', at('plain.pem'))
const owner = done('release', 'keygen', '--output', at('owner.age'), '--recipient', recipient)
done('release', 'secret', '--recipient', recipient, '--output', at('workspace.age'))

test('the signing key is PEM that OpenSSL reads, and only its owner can read the file', () => {
  const { stdout } = spawnSync('openssl', ['pkey', '-in', at('plain.pem'), '-pubout'], { encoding: 'utf8' })
  assert.is(stdout, `-----BEGIN PUBLIC KEY-----\n${plainOwner}\n-----END PUBLIC KEY-----\n`)
  for (const name of ['plain.pem', 'owner.age', 'workspace.age'])
    assert.is(statSync(at(name)).mode & 0o777, 0o600, name)
  assert.not.ok(readFileSync(at('owner.age')).includes('PRIVATE'))
})

test('a grant from these files opens in the boot that asked', async () => {
  const identity = readIdentity(at('identity'))
  const key = await readSigningKey(at('owner.age'), identity)
  using secret = await readSecret(at('workspace.age'), identity, 'workspace')
  using made = printGrant(goodTerms, secret, key)
  const public_ = parseReleaseOwner(owner)
  if (public_ === undefined) throw new Error(owner)
  const wrapped = wrapGrant(bootKey(5), statementBytes(bootKey(5)), made)
  using opened = openGrant(wrapped, { ...askedBy(5), owner: public_ }).secret
  assert.equal(opened.bytes, secret.bytes)
  assert.not.equal(opened.bytes, Buffer.alloc(32))
  await readSigningKey(at('plain.pem'), undefined)
})

test('no file is overwritten', () => {
  for (const args of [
    ['keygen', '--output', at('plain.pem')],
    ['secret', '--recipient', recipient, '--output', at('workspace.age')],
  ])
    assert.match(run('release', ...args).stderr, /grant-write: .*EEXIST|grant-write: .*exists/)
})

test('a recipient that is no age key is a wrong call, and no file is made', () => {
  const { stderr } = run('release', 'secret', '--recipient', 'age1x', '--output', at('none.age'))
  assert.match(stderr, /^cvmboot: usage: .*age public key/)
  assert.throws(() => statSync(at('none.age')), /ENOENT/)
})

test('files that are not the right ones are refused', async () => {
  const identity = readIdentity(at('identity'))
  done('owner', 'keygen', '--output', at('other'))
  const other = readIdentity(at('other'))
  writeFileSync(at('rsa.pem'), spawnSync('openssl', ['genrsa', '2048']).stdout)
  const changed = readFileSync(at('workspace.age'))
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  writeFileSync(at('changed.age'), changed)
  const key = (path: string, by: typeof identity | undefined) => () => readSigningKey(at(path), by)
  const secret =
    (path: string, by = identity) =>
    () =>
      readSecret(at(path), by, 'workspace')
  for (const [act, message] of [
    [key('owner.age', undefined), /grant-key: .*no --identity/],
    [key('owner.age', other), /grant-key: .*another identity/],
    [key('workspace.age', identity), /grant-key: .*no private key/],
    [key('rsa.pem', identity), /grant-key: .*rsa and not Ed25519/],
    [key('absent', identity), /grant-key: .*no such file|grant-key: .*ENOENT/i],
    [secret('changed.age'), /grant-secret: .*was changed/],
    [secret('workspace.age', other), /grant-secret: .*another identity/],
    [secret('plain.pem'), /grant-secret: .*no file of age/],
    [secret('owner.age'), /grant-secret: .*no secret of workspace/],
    [() => readSecret(at('workspace.age'), identity, 'job-store'), /grant-secret: .*no secret of job-store/],
  ] as const) {
    const thrown: unknown = await act().then(
      () => new Error('taken'),
      (error: unknown) => error,
    )
    assert.match(String(thrown), message)
  }
})

const common = ['--key', at('owner.age'), '--secret', at('workspace.age'), '--identity', at('identity')]
const evidence = printEvidence({
  nonce: Buffer.alloc(0),
  statement: statementBytes(bootKey(5)),
  tee: {
    type: 'sev-snp',
    report: readFileSync(join(top, 'test/tables/appraise/snp-report/milan-a.bin')).subarray(0, 1184),
    certificates: Buffer.alloc(0),
  },
  tpm: undefined,
  boot: undefined,
})

test('evidence that fails gets no grant, and each wrong word is a wrong call', () => {
  writeFileSync(at('evidence.json'), evidence)
  const manifest = at('manifest.json')
  writeFileSync(manifest, printManifest(predict(exampleInputs, exampleRequest)))
  const grant = (name: string, ...more: string[]) =>
    run('release', 'grant', at(name), '--manifest', manifest, '--output', at('grant'), ...common, ...more)
  const future = ['--not-after', '2099-01-01']
  writeFileSync(at('raw'), readFileSync(join(top, 'test/tables/appraise/snp-report/milan-a.bin')))
  for (const [result, code] of [
    [grant('evidence.json', ...future), /appraise-/],
    [grant('raw', ...future), /grant-evidence: .*no evidence of cvmboot/],
    [grant('absent', ...future), /appraise-input/],
    [grant('evidence.json', '--not-after', '2020-01-01'), /usage: .*is past/],
    [grant('evidence.json', '--not-after', '2026-02-30'), /usage/],
    [grant('evidence.json', ...future, '--sequence', '0'), /usage: .*--sequence/],
    [grant('evidence.json', ...future, '--sequence', '9007199254740993'), /usage: .*--sequence/],
    [grant('evidence.json', ...future, '--sequence', '1e3'), /usage: .*--sequence/],
  ] as const) {
    assert.match(result.stderr, code)
    assert.is.not(result.status, 0)
    assert.throws(() => statSync(at('grant')), /ENOENT/)
  }
})

test.run()
