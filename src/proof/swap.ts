// What must hold of swap: no swap is in use, since the host could read the swapped memory and play it back. Pure.

/** The first device or file of those that the kernel lists as swap in use; undefined where the kernel lists none. */
export const swapDiffers = ([device]: readonly string[]): string | undefined => device
