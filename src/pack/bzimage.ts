// The release in the header of a kernel image for x86 ("The Linux/x86 Boot Protocol" of the kernel, arch/x86/boot.rst). Pure.

/** Enough of a file for `releaseOfKernel`: the protocol's text lies in the 64 KiB that real mode could see. */
export const kernelHeadBytes = 65_536

const magicAt = 0x202
/** Two bytes here hold the offset of the version text, less 0x200. */
const versionAt = 0x20e

/** The release, as `uname -r` will print it; undefined where the file is no bzImage that an EFI stub can start. */
export const releaseOfKernel = (head: Buffer): string | undefined => {
  if (head.length < 0x400 || head.toString('latin1', 0, 2) !== 'MZ') return undefined
  if (head.toString('latin1', magicAt, magicAt + 4) !== 'HdrS') return undefined
  const at = head.readUInt16LE(versionAt) + 0x200
  // RELEASE (builder) #version date, and a NUL.
  const [, release] = /^([!-~]{1,64})(?: |\0)/.exec(head.toString('latin1', at, at + 65)) ?? []
  return release
}
