// An owner, a boot and a grant of the owner's for that boot, for tests.

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { type GrantTerms, printGrant } from '../../src/evidence/grant.ts'
import { printStatement } from '../../src/evidence/statement.ts'
import type { Asked } from '../../src/keys/grant.ts'
import { publicX25519 } from '../../src/keys/hpke.ts'
import { printReleaseOwner } from '../../src/layout/release-owner.ts'
import { Secret } from '../../src/secret/secret.ts'

/** The Ed25519 key whose 32 private bytes all have this value. */
export const ownerKey = (byte: number): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  })

export const publicOf = (key: KeyObject): KeyObject => createPublicKey(key)
export const releaseOwner = printReleaseOwner(publicOf(ownerKey(1)))

export const statementBytes = (x25519: Uint8Array): Buffer =>
  printStatement({
    executable: { version: '0.1.0', git: 'c9ea569' },
    image: { id: 'site', version: '7' },
    plan: '01'.repeat(32),
    roots: { 'root-fs': '02'.repeat(32), 'oem-launcher': '03'.repeat(32), 'os-config': '04'.repeat(32) },
    state: null,
    site: null,
    keys: {},
    ephemeral: { x25519: Buffer.from(x25519).toString('hex'), p256: null },
    time: '2026-12-01T12:00:00Z',
  })

export const snpWord = `sev-snp:${'ab'.repeat(48)}`
export const site = 'cd'.repeat(32)

export const goodTerms: GrantTerms = {
  volume: 'workspace',
  purpose: 'root-secret',
  sequence: 7,
  scope: {
    image: { id: 'site', version: '7' },
    launches: [snpWord],
    site,
    notAfter: '2026-12-31T00:00:00Z',
  },
}

export const secretOf = (byte: number): Secret => new Secret(Buffer.alloc(32, byte))

export const grantOf = (terms: GrantTerms = goodTerms, owner = ownerKey(1), secret = 9): Secret =>
  printGrant(terms, secretOf(secret), owner)

/** The public key of the boot whose private key has this byte everywhere. */
export const bootKey = (byte: number): Buffer => publicX25519(secretOf(byte))

/** A boot that asks for the key of workspace. */
export const askedBy = (byte = 5): Asked => ({
  volumes: ['workspace'],
  owner: publicOf(ownerKey(1)),
  statement: statementBytes(bootKey(byte)),
  own: secretOf(byte),
  image: { id: 'site', version: '7' },
  launch: { word: snpWord, site },
})
