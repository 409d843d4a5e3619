// What must hold of the header of a volume that lasts: the disk still has the header that the boot opened or wrote. The boot
// itself reads a header once, so only `verify` and `status` ask this proof. Pure.

import { headerDigest } from '../layout/luks2/digest.ts'

/** `area` and `spare`: the first and the second header area of the disk. A reason completes "the header on DEVICE ...". */
export const headerDiffers = (
  digest: string,
  { area, spare }: { readonly area: Buffer; readonly spare: Buffer },
): string | undefined => {
  if (headerDigest(area) !== digest) return 'is not the one that this boot opened'
  return spare.every((byte) => byte === 0) ? undefined : 'has another one behind it'
}
