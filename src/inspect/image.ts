// What `inspect` says of an initramfs image: whether all that the boot will look for is in it. dracut exits with 0 where
// it could not install a file, and the boot would refuse such an image on every machine it is carried to.

import { createReadStream } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail, faultOf } from '../fault/index.ts'
import { manifestPath, parseManifest } from '../layout/initramfs.ts'
import { bytesIn, type Image, readImage } from '../pack/image.ts'
import type { Claim } from '../runtime/claim.ts'

const remedy =
  'pack it again with cvmboot pack, or let dracut or initramfs-tools make it with cvmboot installed'

/** Fault: `initramfs-incomplete`. */
const requireWhole = (image: Image): number => {
  const text = image.get(manifestPath)?.content?.toString('latin1')
  const entries = text === undefined ? undefined : parseManifest(text)
  if (entries === undefined) {
    const reason = text === undefined ? 'it is not in the image' : 'it is cut off'
    throw fail('initramfs-incomplete', { path: manifestPath, reason, remedy })
  }
  for (const { path, bytes } of entries) {
    const found = bytesIn(image, path)
    if (found !== bytes)
      throw fail('initramfs-incomplete', {
        path,
        reason: `${found ?? 'no'} bytes instead of ${bytes}`,
        remedy,
      })
  }
  return entries.length
}

export type Looked = {
  readonly claim: Claim /** Undefined where it cannot be read. */
  readonly image: Image | undefined
}

const refusedBy = (thrown: unknown, image: Image | undefined): Looked => ({
  claim: { kind: 'initramfs', facts: {}, refused: faultOf(thrown) },
  image,
})

/** `path` is for words. The image's first rule that would refuse it is `initramfs-incomplete`, as of the boot; or `input-too-large`. */
export const lookIntoImage = async (source: AsyncIterable<Uint8Array>, path: string): Promise<Looked> => {
  let image: Image
  try {
    image = await readImage(source, path)
  } catch (thrown) {
    if (thrown instanceof BootFault) return refusedBy(thrown, undefined)
    return refusedBy(fail('initramfs-incomplete', { path, reason: reasonOf(thrown), remedy }), undefined)
  }
  try {
    const facts = { entries: image.size, manifest: requireWhole(image) }
    return { claim: { kind: 'initramfs', facts, refused: undefined }, image }
  } catch (thrown) {
    return refusedBy(thrown, image)
  }
}

export const claimImage = async (path: string): Promise<Claim> =>
  (await lookIntoImage(createReadStream(path), path)).claim
