// What `inspect` says of an initramfs image: whether all that the boot will look for is in it. dracut exits with 0 where
// it could not install a file, and the boot would refuse such an image on every machine it is carried to.

import { readFileSync } from 'node:fs'
import { fail, faultOf } from '../fault.ts'
import { manifestPath, parseManifest } from '../layout/initramfs.ts'
import { reasonOf } from '../machine/errno.ts'
import { bytesIn, type Image, readImage } from '../pack/image.ts'
import type { Claim } from './claim.ts'

/** Fault: `initramfs-incomplete`. */
const requireWhole = (image: Image): number => {
  const text = image.get(manifestPath)?.content.toString('latin1')
  const entries = text === undefined ? undefined : parseManifest(text)
  if (entries === undefined) {
    const reason = text === undefined ? 'it is not in the image' : 'it is cut off'
    throw fail('initramfs-incomplete', { path: manifestPath, reason })
  }
  for (const { path, bytes } of entries) {
    const found = bytesIn(image, path)
    if (found !== bytes)
      throw fail('initramfs-incomplete', { path, reason: `${found ?? 'no'} bytes instead of ${bytes}` })
  }
  return entries.length
}

/** The image's first rule that would refuse it is `initramfs-incomplete`, as of the boot. */
export const claimImage = async (path: string): Promise<Claim> => {
  try {
    const image = await readImage(readFileSync(path)).catch((thrown) => {
      throw fail('initramfs-incomplete', { path, reason: reasonOf(thrown) })
    })
    return {
      kind: 'initramfs',
      facts: { entries: image.size, manifest: requireWhole(image) },
      refused: undefined,
    }
  } catch (thrown) {
    return { kind: 'initramfs', facts: {}, refused: faultOf(thrown) }
  }
}
