// Two providers as one: who has only one secret has nothing. What each sealed lies in one token, told apart by name.

import { fail } from '../fault/index.ts'
import type { SealReader } from '../layout/luks2/accept.ts'
import { Secret } from '../secret/secret.ts'
import { hkdf } from './hkdf.ts'
import type { LastingProvider, Sealed } from './provider.ts'
import type { tpm2 } from './tpm2.ts'

/** HKDF-SHA-512 over both, each of fixed length: so neither can stand for a part of the other. 64 bytes. */
export const combine = (first: Secret, second: Secret): Secret => {
  using whole = Secret.make(first.bytes.length + second.bytes.length, (bytes) => {
    bytes.set(first.bytes)
    bytes.set(second.bytes, first.bytes.length)
  })
  const info = Buffer.from('cvmboot\0snp+tpm2\0', 'latin1')
  return hkdf('sha512', whole, Buffer.alloc(64), info, 64)
}

const isTpm = (name: string): boolean => name.startsWith('tpm-')

const part = (sealed: Sealed, of: (name: string) => boolean): Sealed =>
  Object.fromEntries(Object.entries(sealed).filter(([name]) => of(name)))

const split = (sealed: Sealed) => ({
  tee: part(sealed, (name) => !isTpm(name)),
  tpm: part(sealed, isTpm),
})

/** Whether each of the two reads its own part back, and the parts lie in the order in which `create` joins them. */
export const isSealOfBoth = (tee: SealReader, tpm: SealReader, sealed: Sealed): boolean => {
  const parts = split(sealed)
  return (
    JSON.stringify({ ...parts.tee, ...parts.tpm }) === JSON.stringify(sealed) &&
    tee.isSeal(parts.tee) &&
    tpm.isSeal(parts.tpm)
  )
}

/** `tee` comes first: a launch that it refuses asks no TPM. */
export const both = (tee: LastingProvider, tpm: typeof tpm2): LastingProvider => ({
  name: 'snp+tpm2',
  isSeal: (sealed) => isSealOfBoth(tee, tpm, sealed),
  create: (owned, machine, before) => {
    const parts = before === undefined ? undefined : split(before)
    const first = tee.create(owned, machine, parts?.tee)
    using own = first.secret
    const second = tpm.create(owned, machine, parts?.tpm)
    using other = second.secret
    return { secret: combine(own, other), sealed: { ...first.sealed, ...second.sealed } }
  },
  recover: (owned, machine, sealed) => {
    const parts = split(sealed)
    if (!isSealOfBoth(tee, tpm, sealed))
      throw fail('header-token', { volume: owned.volume, reason: 'its seals are not in order' })
    const first = tee.recover(owned, machine, parts.tee)
    using own = first.secret
    const second = tpm.recover(owned, machine, parts.tpm)
    using other = second.secret
    return { secret: combine(own, other), age: first.age }
  },
})
