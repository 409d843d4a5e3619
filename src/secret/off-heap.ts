// Bytes that are where they are until they are zeroed. Pure.

/**
 * A buffer of zeroes outside V8's heap. Typed arrays of up to 64 bytes (typed_array_max_size_in_heap, V8's
 * flag-definitions.h), as keys are, would lie within it, where the garbage collector moves them and leaves copies.
 */
export const offHeap = (length: number): Buffer => Buffer.from(new ArrayBuffer(length))
