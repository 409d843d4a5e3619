// Headers of cpio entries that no printer of ours makes: the test chooses each field.

type Fields = {
  readonly inode?: number
  readonly mode?: number
  readonly links?: number
  readonly size?: number
  readonly nameSize?: number
}

/** Header and name of an entry, padded. */
export const headerOf = (
  name: string,
  { inode = 1, mode = 0o100644, links = 1, size = 0, nameSize }: Fields = {},
): Buffer => {
  const text = Buffer.from(`${name}\0`)
  const fields = [inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, nameSize ?? text.length, 0]
  const head = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  return Buffer.concat([head, text, Buffer.alloc((4 - ((head.length + text.length) % 4)) % 4)])
}

export const trailer = headerOf('TRAILER!!!')
