// Secret bytes with a lifetime: `using key = …`. Printing gives [secret]; leaving the scope zeroes them.
// What cannot be wiped: copies V8 or OpenSSL made inside one call. Hence never a string, never a spread.

import { offHeap } from './off-heap.ts'

// util.inspect.custom, without the module that it is a part of.
const inspect = Symbol.for('nodejs.util.inspect.custom')

export class Secret implements Disposable {
  readonly #bytes: Buffer

  /** Takes the buffer over; the caller keeps no other reference to it. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** A new secret of `length` bytes, filled by `fill`. Never part of Node's shared pool, nor moved. */
  static make(length: number, fill: (bytes: Buffer) => void): Secret {
    const bytes = offHeap(length)
    fill(bytes)
    return new Secret(bytes)
  }

  /** The bytes themselves, valid until disposal. */
  get bytes(): Buffer {
    return this.#bytes
  }

  [Symbol.dispose](): void {
    this.#bytes.fill(0)
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect](): string {
    return '[secret]'
  }
}
