// Files in memory, made unreadable: overwritten where they lie, then deleted. Without `init_on_free` the kernel keeps what
// a deleted file held until the page has another use.

import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

const zeroes = Buffer.alloc(1 << 20)

const overwrite = (path: string): void => {
  const file = openSync(path, 'r+')
  try {
    const { size } = fstatSync(file)
    for (let at = 0; at < size; at += zeroes.length)
      writeSync(file, zeroes, 0, Math.min(zeroes.length, size - at), at)
  } finally {
    closeSync(file)
  }
}

/** All below a directory; never into another file system, never through a link. Throws what the kernel says. */
export const wipeBelow = (directory: string, device = lstatSync(directory).dev): void => {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    const stat = lstatSync(path)
    if (stat.dev !== device) continue
    if (stat.isDirectory()) {
      wipeBelow(path, device)
      // What holds a mount point stays.
      if (readdirSync(path).length === 0) rmdirSync(path)
      continue
    }
    if (stat.isFile()) overwrite(path)
    unlinkSync(path)
  }
}
