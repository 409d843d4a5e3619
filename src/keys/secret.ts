// Secret bytes with a lifetime: `using key = …`. Printing gives [secret]; leaving the scope zeroes them.
// What cannot be wiped: copies V8 or OpenSSL made inside one call. Hence never a string, never a spread.

// util.inspect.custom, without the module that it is a part of.
const inspect = Symbol.for('nodejs.util.inspect.custom')

export class Secret implements Disposable {
  readonly #bytes: Buffer

  /** Takes the buffer over; the caller keeps no other reference to it. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** A new secret of `length` bytes, filled by `fill`. allocUnsafeSlow: never part of Node's shared pool. */
  static make(length: number, fill: (bytes: Buffer) => void): Secret {
    const bytes = Buffer.allocUnsafeSlow(length)
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
