// The sealed token of the provider `tpm2`: print / parse.

import { hkdfSync } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { LastingProvider, Tee } from '../../../src/keys/provider.ts'
import { both, combine } from '../../../src/keys/second-factor.ts'
import { printSeal, type SnpKeyPolicy, snp } from '../../../src/keys/snp.ts'
import { parseTpmSeal, printTpmSeal, tpm2 } from '../../../src/keys/tpm2.ts'
import { Secret } from '../../../src/secret/secret.ts'

const seal = {
  srk: `000b${'5a'.repeat(32)}`,
  pcrs: [0, 11, 15],
  public: Buffer.from('public'),
  private: Buffer.from('private!'),
  ticket: Buffer.from('ticket'),
}

const snpSeal = { root: 'vcek', vmpl: 0, guestSvn: 0, tcb: 1n } as const

test('a seal reads back as it was printed, in texts that a header takes', () => {
  const printed = printTpmSeal(seal)
  assert.equal(parseTpmSeal(printed), seal)
  assert.is(printed['pcrs'], '0.11.15')
  for (const text of Object.values(printed)) assert.match(text, /^[A-Za-z0-9+/=_.:-]{0,4096}$/)
})

test('a secret that was made is gone where the TPM does not seal it, and what is given out is another copy', async () => {
  const made = new Secret(Buffer.alloc(32, 7))
  const owned = { volume: 'workspace', policy: { ...tpm2.defaults, pcrs: [11] } } as const
  const tee = (tpmSeal: Tee['tpmSeal']) => ({ random: () => made, tpmSeal }) as unknown as Tee
  const broken = () => {
    throw new Error('no TPM')
  }
  const thrown = await tpm2.create(owned, tee(broken), undefined).catch((error: unknown) => error)
  assert.is(thrown instanceof Error && thrown.message, 'no TPM')
  assert.is(made.bytes.toString('hex'), '00'.repeat(32))
  made.bytes.fill(7)
  const { secret } = await tpm2.create(
    owned,
    tee(() => seal),
    undefined,
  )
  assert.is(secret.bytes.toString('hex'), '07'.repeat(32))
  assert.is(made.bytes.toString('hex'), '00'.repeat(32))
})

test('a seal that only becomes newer goes to the TPM that made the older one, unless the configuration names one', async () => {
  const before = { snp: printSeal(snpSeal, 'measurement'), tpm2: printTpmSeal(seal) }
  const [configured, older] = [`000b${'11'.repeat(32)}`, seal.srk]
  const first: LastingProvider<SnpKeyPolicy> = {
    ...snp,
    create: async () => ({ secret: new Secret(Buffer.alloc(32)), sealed: {} }),
  }
  const second = both(first, tpm2)
  for (const which of [tpm2, second])
    for (const [srk, was, expected] of [
      [undefined, undefined, undefined],
      [undefined, before, older],
      [configured, before, configured],
      [configured, undefined, configured],
    ] as const) {
      const asked: unknown[] = []
      const policy = { ...tpm2.defaults, pcrs: [11], srk }
      const tee = {
        random: (length: number) => Secret.make(length, () => {}),
        tpmSeal: (policy: unknown) => {
          asked.push(policy)
          return seal
        },
      } as unknown as Tee
      await (which === tpm2
        ? tpm2.create({ volume: 'workspace', policy }, tee, was)
        : second.create({ volume: 'workspace', policy: { ...second.defaults, second: policy } }, tee, was))
      assert.equal(asked, [{ pcrs: [11], srk: expected }], which.name)
    }
})

test('anything else in a seal is no seal: the host can write what it likes there', () => {
  const good = printTpmSeal(seal)
  const { ticket = '', ...rest } = good
  const bad: Record<string, string>[] = [
    { ...good, srk: seal.srk.toUpperCase() },
    { ...good, srk: seal.srk.slice(2) },
    { ...good, srk: `000c${seal.srk.slice(4)}` },
    { ...good, pcrs: '0.11.15.' },
    { ...good, pcrs: '0.011.15' },
    { ...good, pcrs: '' },
    { ...good, pcrs: 'x' },
    { ...good, public: `${good['public']} ` },
    { ...good, private: `${good['private']}=` },
    { ...good, private: 'cHJpdmF0ZSF' },
    { ...good, more: 'x' },
    { ticket, ...rest },
    rest,
    {},
  ]
  for (const sealed of bad) assert.is(parseTpmSeal(sealed), undefined, JSON.stringify(sealed))
})

test("both factors are HKDF-SHA-512 of one and the other: a vector made by Python's hmac", () => {
  using first = new Secret(Buffer.alloc(32, 1))
  using second = new Secret(Buffer.alloc(32, 2))
  using key = combine('snp+tpm2', first, second)
  assert.is(
    key.bytes.toString('hex'),
    '8e785999db8c7b36afdeddce1ff484499cf508fbc63974c8c93c4dbcb53268b5' +
      '532b5f49551b41e54c4a38e427c1155beb96f0c81210e3230c591f70e5d6cf0f',
  )
  const info = 'cvmboot\0snp+tpm2\0'
  const whole = Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32, 2)])
  assert.equal(key.bytes, Buffer.from(hkdfSync('sha512', whole, Buffer.alloc(64), info, 64)))
  using swapped = combine('snp+tpm2', second, first)
  assert.not.equal(swapped.bytes, key.bytes)
})

test.run()
