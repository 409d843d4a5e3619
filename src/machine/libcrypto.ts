// X25519 by the OpenSSL in Node's own executable. node:crypto cannot end the life of a private key at a known time: its
// KeyObject keeps the key until the garbage collector frees the object, which may be never. This file decides nothing.

import { randomFillSync } from 'node:crypto'
import { offHeap } from '../secret/off-heap.ts'
import { Secret } from '../secret/secret.ts'

const key = { arguments: ['int32', 'uint64', 'buffer', 'uint64'], return: 'uint64' } as const
const free = { arguments: ['uint64'], return: 'void' } as const
const withLength = { arguments: ['uint64', 'buffer', 'buffer'], return: 'int32' } as const

/**
 * Functions of openssl/evp.h. A pointer is a number here: the address of an object of OpenSSL, or 0 for none. node:ffi is loaded
 * on first use: verbs of the build host reach this file too, and they run on a Node without node:ffi.
 */
const openssl = () =>
  process.getBuiltinModule('node:ffi').dlopen(null, {
    EVP_PKEY_new_raw_private_key: key,
    EVP_PKEY_new_raw_public_key: key,
    EVP_PKEY_get_raw_public_key: withLength,
    EVP_PKEY_free: free,
    EVP_PKEY_CTX_new: { arguments: ['uint64', 'uint64'], return: 'uint64' },
    EVP_PKEY_CTX_free: free,
    EVP_PKEY_derive_init: { arguments: ['uint64'], return: 'int32' },
    EVP_PKEY_derive_set_peer: { arguments: ['uint64', 'uint64'], return: 'int32' },
    EVP_PKEY_derive: withLength,
    ERR_clear_error: { arguments: [], return: 'void' },
  }).functions

type OpenSsl = ReturnType<typeof openssl>

/** EVP_PKEY_X25519 by its number in openssl/obj_mac.h. */
const x25519 = 1034
const bytes = 32

/** The 32 bytes that a function of OpenSSL fills; undefined where the function fails or fills another number of bytes. */
const filled = (call: (into: Buffer, length: Buffer) => number): Buffer | undefined => {
  const into = offHeap(bytes)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(bytes))
  if (call(into, length) === 1 && length.readBigUInt64LE() === BigInt(bytes)) return into
  into.fill(0)
  return undefined
}

const derive = (c: OpenSsl, own: bigint, other: bigint): Buffer | undefined => {
  const context = c.EVP_PKEY_CTX_new(own, 0n)
  try {
    if (c.EVP_PKEY_derive_init(context) !== 1 || c.EVP_PKEY_derive_set_peer(context, other) !== 1)
      return undefined
    return filled((into, length) => c.EVP_PKEY_derive(context, into, length))
  } finally {
    c.EVP_PKEY_CTX_free(context)
  }
}

export type Agreed = {
  /** The public key that belongs to the private one. */
  readonly share: Buffer
  readonly shared: Secret
}

/**
 * Agrees on a secret between the private key `scalar` and the public key `peer`. EVP_PKEY_free zeroes OpenSSL's copy of the private
 * key before this function returns. Throws where `peer` is no point, or a point of low order, with which everybody would know the
 * secret. The caller disposes of both secrets.
 */
export const agreeX25519With = (scalar: Secret, peer: Uint8Array): Agreed => {
  if (peer.length !== bytes) throw new Error(`an X25519 key of ${peer.length} bytes`)
  if (scalar.bytes.length !== bytes) throw new Error(`a private X25519 key of ${scalar.bytes.length} bytes`)
  const c = openssl()
  const own = c.EVP_PKEY_new_raw_private_key(x25519, 0n, scalar.bytes, BigInt(bytes))
  const other = c.EVP_PKEY_new_raw_public_key(x25519, 0n, Buffer.from(peer), BigInt(bytes))
  try {
    const share = filled((into, length) => c.EVP_PKEY_get_raw_public_key(own, into, length))
    const shared = share === undefined ? undefined : derive(c, own, other)
    if (share !== undefined && shared !== undefined) return { share, shared: new Secret(shared) }
    c.ERR_clear_error()
    throw new Error('it is no X25519 key, or a key of low order, which gives no secret')
  } finally {
    c.EVP_PKEY_free(own)
    c.EVP_PKEY_free(other)
  }
}

/** Agrees on a secret between a new private key and the public key `peer`, as `agreeX25519With` does. */
export const agreeX25519 = (peer: Uint8Array): Agreed => {
  using scalar = Secret.make(bytes, randomFillSync)
  return agreeX25519With(scalar, peer)
}
