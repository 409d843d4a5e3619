// Buffers that the garbage collector never moves, so that zeroing such a buffer leaves no copy. Pure.

/**
 * A buffer of zeroes outside V8's heap. V8 puts typed arrays of up to 64 bytes (typed_array_max_size_in_heap, V8's
 * flag-definitions.h), the size of keys, into its heap, where the garbage collector moves them and leaves copies.
 */
export const offHeap = (length: number): Buffer => Buffer.from(new ArrayBuffer(length))
