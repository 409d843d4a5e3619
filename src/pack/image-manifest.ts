// Whether an initramfs image is whole: the manifest in the image lists all files that the boot will look for. dracut exits with
// 0 even where it failed to install a file, and the boot refuses such an image on every machine.

import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { type ManifestEntry, manifestPath, parseManifest } from '../system/initramfs.ts'
import type { Bytes } from './bytes.ts'
import { bytesIn, type Image, readImage } from './image.ts'

const remedy =
  'pack it again with cvmboot pack, or let dracut or initramfs-tools make it with cvmboot installed'

/** Reads an image to its end. `path` is for messages. Faults: `initramfs-incomplete`, `input-too-large`. */
export const readToEnd = async (source: Bytes, path: string): Promise<Image> => {
  try {
    return await readImage(source, path)
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('initramfs-incomplete', { path, reason: reasonOf(thrown), remedy })
  }
}

/** The entries of the manifest, each of them a file of the image. Fault: `initramfs-incomplete`. */
export const requireListed = (image: Image): readonly ManifestEntry[] => {
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
  return entries
}
