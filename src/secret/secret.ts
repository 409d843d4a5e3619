// Secret bytes with a lifetime: `using key = …`. Leaving the scope zeroes the bytes; printing a secret gives [secret].
// Copies that V8 or OpenSSL makes inside one call cannot be zeroed. So no code makes a string of a secret, or spreads it.

import { offHeap } from './off-heap.ts'

// The symbol util.inspect.custom, by its registered name, so that the module `util` is not loaded.
const inspect = Symbol.for('nodejs.util.inspect.custom')

export class Secret implements Disposable {
  readonly #bytes: Buffer

  /** Takes the buffer over; the caller keeps no other reference to it. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** A new secret of `length` bytes, filled by `fill`. The bytes are never in Node's shared pool, and never move. */
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
