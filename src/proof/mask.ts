// What must hold of a mask: the name leads to an empty file, as /dev/null is one. systemd takes such a unit or generator for
// none. Pure.

/** `bytes` of the file that the name leads to; undefined where there is none. */
export const maskDiffers = (bytes: number | undefined): 'not masked' | 'a file' | undefined => {
  if (bytes === undefined) return 'not masked'
  return bytes === 0 ? undefined : 'a file'
}
