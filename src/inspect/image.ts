// The claim of an initramfs image: whether the image has all files that the boot will look for.

import { createReadStream } from 'node:fs'
import { faultOf } from '../fault/index.ts'
import type { Image } from '../pack/image.ts'
import { readToEnd, requireListed } from '../pack/image-manifest.ts'
import type { Claim } from './claim.ts'

export type Looked = {
  readonly claim: Claim
  /** Undefined where the image cannot be read. */
  readonly image: Image | undefined
}

const refusedBy = (thrown: unknown, image: Image | undefined): Looked => ({
  claim: { kind: 'initramfs', facts: {}, refused: faultOf(thrown) },
  image,
})

/** `path` is for messages. The claim is refused as `initramfs-incomplete`, as the boot would, or as `input-too-large`. */
export const lookIntoImage = async (source: AsyncIterable<Uint8Array>, path: string): Promise<Looked> => {
  let image: Image | undefined
  try {
    image = await readToEnd(source, path)
    const facts = { entries: image.size, manifest: requireListed(image).length }
    return { claim: { kind: 'initramfs', facts, refused: undefined }, image }
  } catch (thrown) {
    return refusedBy(thrown, image)
  }
}

export const claimImage = async (path: string): Promise<Claim> =>
  (await lookIntoImage(createReadStream(path), path)).claim
