// What must hold of a mask: the name leads to an empty file, such as /dev/null. systemd ignores a unit or a generator with
// such a name. Pure.

/** `bytes`: the length of the file that the name leads to; undefined where there is no such file. */
export const maskDiffers = (bytes: number | undefined): 'not masked' | 'a file' | undefined => {
  if (bytes === undefined) return 'not masked'
  return bytes === 0 ? undefined : 'a file'
}
