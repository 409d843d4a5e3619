// The inputs of vectors.json, whose digests sev-snp-measure 0.0.13 computed: firmware with the tables of real OVMF builds
// (tests of virtee/sev 8.0.0) behind fixed pseudo-random bytes, a kernel and an initramfs of such bytes.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const directory = join(import.meta.dirname, 'vectors')

/** SHA-512 of `SEED:0`, `SEED:1`, …, so many bytes of it. */
const stream = (seed: string, bytes: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.floor(bytes / 64) + 1 }, (_, i) =>
      createHash('sha512').update(`${seed}:${i}`).digest(),
    ),
  ).subarray(0, bytes)

const firmware = (seed: string, bytes: number, suffix: string): Buffer => {
  const tail = readFileSync(join(directory, suffix))
  return Buffer.concat([stream(seed, bytes - tail.length), tail])
}

const MiB = 1024 ** 2

/** By the names in vectors.json. */
export const inputs: Readonly<Record<string, Buffer>> = {
  'amdsev-2m.fd': firmware('cvmboot firmware A', 2 * MiB, 'ovmf_AmdSev_suffix.bin'),
  'amdsev-4m.fd': firmware('cvmboot firmware B', 4 * MiB, 'ovmf_AmdSev_suffix.bin'),
  'ovmfx64-2m.fd': firmware('cvmboot firmware C', 2 * MiB, 'ovmf_OvmfX64_suffix.bin'),
  'kernel.bin': stream('cvmboot kernel', 100_003),
  'initrd.bin': stream('cvmboot initrd', 65_537),
}

export type Vector = {
  readonly firmware: string
  readonly vcpus: number
  readonly vcpu_type: string
  readonly kernel: string | null
  readonly initrd: string | null
  readonly append: string | null
  readonly guest_features: string
  /** Hexadecimal, or `error: ` and why the tool refused. */
  readonly digest: string
}

export const vectors: readonly Vector[] = JSON.parse(readFileSync(join(directory, 'vectors.json'), 'latin1'))
