// What must hold of swap: none is in use, since the host could read it and play it back. Pure.

/** The first device or file that is in use, of those that the kernel lists. */
export const swapDiffers = ([device]: readonly string[]): string | undefined => device
