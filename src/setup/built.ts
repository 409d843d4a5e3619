// A volume that setup has built: its image, its tree and its root hash. Pure.

import type { FileSystem } from '../layout/filesystem.ts'
import type { VerityName } from '../layout/layout.ts'
import type { RootHash } from '../layout/verity.ts'

export type BuiltVolume = {
  readonly name: VerityName
  readonly fileSystem: FileSystem
  /** Paths of the image and the tree, and their sizes in bytes: multiples of 4096. */
  readonly image: string
  readonly bytes: bigint
  readonly tree: string
  readonly treeBytes: bigint
  readonly rootHash: RootHash
  /** Lines that the summary shows as notes on the volume. */
  readonly notes: readonly string[]
}
