// The inputs of a prediction, which the verb has read, and the request of the user. Types only.

import type { KeyObject } from 'node:crypto'
import type { RandomAccess } from '../machine/random-access.ts'
import type { LoggedEvent } from './event-log.ts'
import type { Firmware } from './firmware.ts'
import type { Manifest, ManifestFile } from './manifest.ts'
import type { SecureBoot } from './pcr.ts'
import type { Digests } from './program.ts'
import type { Processors } from './snp.ts'
import type { Uki } from './uki.ts'

/** A file that is hashed, and whose bytes may be read again. */
export type Measured = {
  readonly file: ManifestFile
  readonly access: RandomAccess
  readonly digests: Digests
}

export type Inputs = {
  readonly image: Manifest['image']
  readonly firmware: readonly { readonly file: ManifestFile; readonly firmware: Firmware }[]
  readonly kernel: Measured | undefined
  readonly initramfs: Measured | undefined
  /** Undefined where there is no kernel either. */
  readonly cmdline: { readonly text: string; readonly sha256: string } | undefined
  /** `gpt`: the event of the disk that the image lies on; undefined where the image is a file. */
  readonly uki:
    | { readonly file: ManifestFile; readonly uki: Uki; readonly gpt: Digests | undefined }
    | undefined
  /** The boot's verdict on the command line and the initramfs; null where neither is given. */
  readonly boot: Manifest['boot']
  readonly eventLog:
    | { readonly file: ManifestFile; readonly kind: 'tdx' | 'tpm'; readonly events: readonly LoggedEvent[] }
    | undefined
}

export type Request = {
  readonly processors: readonly Processors[]
  /** `required`: a firmware that SEV-SNP does not start, or does not start with this kernel, is a fault. */
  readonly snp: 'required' | 'where-possible'
  readonly policy: bigint
  /** 16 bytes each. */
  readonly familyId: Buffer
  readonly imageId: Buffer
  readonly guestSvn: number
  readonly idKey: KeyObject | undefined
  readonly authorKey: KeyObject | undefined
  readonly secureBoot: SecureBoot | undefined
}
