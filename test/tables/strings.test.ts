// A secret is never a string: V8 keeps strings as long as it likes, and nothing zeroes one. Whole boots are watched,
// with every provider.

import { randomFillSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { production } from '../../src/editions/production.ts'
import type { LastingProvider, Tee } from '../../src/keys/provider.ts'
import { printOwnerKey } from '../../src/layout/owner-key.ts'
import { Secret } from '../../src/secret/secret.ts'
import { machineIdFile, printMachineId } from '../../src/system/machine-id.ts'
import { booted } from '../fake/booted.ts'
import { goodWorld } from '../fake/machine.ts'
import { ageOwner } from '../with/owner-keys.ts'

/** Makers of text out of bytes: the engine's and Node's. */
const makers: readonly [object, string][] = [
  ...['toString', 'toJSON', 'utf8Slice', 'latin1Slice', 'asciiSlice', 'ucs2Slice', 'hexSlice'].map(
    (name): [object, string] => [Buffer.prototype, name],
  ),
  ...['base64Slice', 'base64urlSlice'].map((name): [object, string] => [Buffer.prototype, name]),
  ...['join', 'toHex', 'toBase64'].map((name): [object, string] => [Uint8Array.prototype, name]),
  [TextDecoder.prototype, 'decode'],
  [String, 'fromCharCode'],
]

/** The file that called the function that calls this. */
const caller = (): string => new Error().stack?.split('\n').filter((line) => line.includes('file:'))[2] ?? ''

type Watched = { readonly texts: Set<string>; readonly secrets: Buffer[] }

/**
 * Runs `body`; returns all text that was made of bytes in files that match, so not by the fake machine, and each secret
 * as it was before it was zeroed.
 */
const watched = async (body: () => Promise<unknown>, by = /\/src\//): Promise<Watched> => {
  const texts = new Set<string>()
  const secrets: Buffer[] = []
  const undo: (() => void)[] = []
  const wrap = (owner: object, name: PropertyKey, around: (self: unknown, result: unknown) => void) => {
    const original = Reflect.get(owner, name)
    if (typeof original !== 'function') return
    const replace = (value: unknown) =>
      Object.defineProperty(owner, name, { value, configurable: true, writable: true })
    replace(function (this: unknown, ...args: unknown[]) {
      const before = name === Symbol.dispose ? Buffer.from((this as Secret).bytes) : undefined
      const result = Reflect.apply(original, this, args)
      if (before !== undefined || by.test(caller())) around(before, result)
      return result
    })
    undo.push(() => replace(original))
  }
  for (const [owner, name] of makers)
    wrap(owner, name, (_, result) => texts.add(typeof result === 'string' ? result : JSON.stringify(result)))
  wrap(Secret.prototype, Symbol.dispose, (before) => secrets.push(before as Buffer))
  try {
    await body()
  } finally {
    for (const one of undo) one()
  }
  return { texts, secrets }
}

/** Long enough not to be met by chance. */
const pieceBytes = 8

/** A piece of a secret that a text says in some way, in hex; or undefined. */
const secretIn = (text: string, secrets: readonly Buffer[]): string | undefined => {
  const numbers = text.match(/\d+/g)?.map(Number) ?? []
  const readings = [
    ...(['latin1', 'utf8', 'hex', 'base64', 'utf16le'] as const).map((encoding) =>
      Buffer.from(text, encoding),
    ),
    Buffer.from(numbers.filter((byte) => byte < 256)),
  ]
  for (const secret of secrets)
    for (let at = 0; at + pieceBytes <= secret.length; at++) {
      const piece = secret.subarray(at, at + pieceBytes)
      // What is wrapped for an owner also says what it is, and the volume's UUID.
      if (/^[ -~]+$/.test(piece.toString('latin1'))) continue
      if (readings.some((bytes) => bytes.includes(piece))) return piece.toString('hex')
    }
  return undefined
}

/** A nonce comes out of the same generator as a key, and is no secret: the host sees it in the report's request. */
const nonces: Buffer[] = []
const noting = (provider: LastingProvider): LastingProvider => {
  const tee = (real: Tee): Tee => ({
    ...real,
    snpReport: (request) => {
      nonces.push(Buffer.from(request.reportData))
      return real.snpReport(request)
    },
  })
  return {
    ...provider,
    create: (owned, real, before) => provider.create(owned, tee(real), before),
    recover: (owned, real, sealed) => provider.recover(owned, tee(real), sealed),
  }
}
const edition = { ...production, providers: production.providers.map(noting) }

for (const [name, config, fewest] of [
  ['keys of this boot', '', 1],
  ['snp', 'WORKSPACE_KEY=snp\n', 5],
  ['tpm2', 'WORKSPACE_KEY=tpm2\nTPM_TRUST=inside\n', 5],
  ['snp+tpm2', 'WORKSPACE_KEY=snp+tpm2\n', 5],
  ['an owner', `JOBSTORE_KEY=snp\nJOBSTORE_OWNER=${printOwnerKey(ageOwner().publicKey)}\n`, 5],
] as const)
  test(`${name}: a boot that provisions and one that opens make no text of a secret`, async () => {
    const world = { ...goodWorld(), config, random: randomFillSync }
    for (const _ of [1, 2]) {
      // So does the machine ID, which every user of the machine reads.
      let machineId: string | undefined
      const { texts, secrets } = await watched(async () => {
        const { halt, files } = await booted(world, edition)
        assert.is(halt, undefined)
        machineId = files.get(machineIdFile)
      })
      const real = secrets.filter(
        (secret) =>
          secret.length >= pieceBytes &&
          !nonces.some((nonce) => nonce.equals(secret)) &&
          printMachineId(secret) !== machineId,
      )
      assert.ok(real.length >= fewest, `${real.length} secrets`)
      // Two of the texts are the evidence and its statement.
      assert.is(texts.size > 4, config !== '', `${texts.size} texts`)
      for (const text of texts) assert.is(secretIn(text, real), undefined, text.slice(0, 80))
    }
  })

test('no secret is handed to what keeps a copy of its own: a KeyObject, which no one zeroes', () => {
  const top = join(import.meta.dirname, '../..')
  const files = ['keys', 'layout', 'machine', 'steps'].flatMap((directory) =>
    readdirSync(join(top, 'src', directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  assert.ok(files.length > 80)
  for (const file of files)
    assert.not.match(
      readFileSync(file, 'utf8'),
      /import \{[^}]*\b(?:hkdf|hkdfSync|createSecretKey|subtle)\b[^}]*\} from 'node:/,
      file,
    )
})

test("no buffer of the boot is made on V8's heap without being zeroed: secrets use offHeap", () => {
  for (const directory of ['keys', 'layout', 'machine', 'steps'])
    for (const entry of readdirSync(join(import.meta.dirname, '../../src', directory), {
      recursive: true,
      withFileTypes: true,
    }))
      if (entry.isFile())
        assert.not.match(readFileSync(join(entry.parentPath, entry.name), 'utf8'), /allocUnsafe/, entry.name)
})

test('a secret that becomes text is found, however it is written', async () => {
  const bytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
  for (const write of [
    () => bytes.toString('hex'),
    () => `key: ${bytes.toString('base64url')}`,
    () => bytes.toString('latin1'),
    () => new TextDecoder('utf-16le').decode(bytes),
    () => bytes.join(),
    () => JSON.stringify({ key: bytes }),
  ]) {
    const { texts, secrets } = await watched(async () => {
      using _ = new Secret(Buffer.from(bytes))
      write()
    }, /strings\.test/)
    assert.equal(secrets, [bytes])
    assert.ok(
      [...texts].some((text) => secretIn(text, secrets) !== undefined),
      `${write}`,
    )
  }
})

test.run()
