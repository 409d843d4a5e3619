// Views a ready file system image as a root by the tools of its file system, without a mount. All three tools exit with 0 for
// a path that does not exist, so the code reads their output.

import { fail } from '../../fault/index.ts'
import type { FileSystem } from '../../layout/filesystem.ts'
import { run, runBytes } from '../../machine/exec.ts'
import { accessBuffer, accessFile, type RandomAccess } from '../../machine/random-access.ts'
import type { RootEntry, RootView } from './view.ts'

/** The largest file that is read with squashfs and ext4: their tools print a file only as a whole. */
const mostBytes = 64 * 1024 ** 2

/** Paths that no tool misreads as a pattern, an option or two words. */
const plainPath = /^(?:\/[A-Za-z0-9._+@:,~=-]+)+$|^\/$/

const kinds: Readonly<Record<string, 'directory' | 'link' | 'file'>> = {
  directory: 'directory',
  symlink: 'link',
  regular: 'file',
}

/** Undefined where the tool fails: an old version of the tool may not know the option. */
const orUnknown = <T>(asked: Promise<T>): Promise<T | undefined> => asked.catch(() => undefined)

/** The bytes of a file, read from the image at the places that `said` lists; undefined where a piece is compressed. */
const erofsBytes = (image: string, said: string): RandomAccess | undefined => {
  const rows = [...said.matchAll(/^ *\d+: +(\d+)\.\. +(\d+) \| +(\d+) : +(\d+)\.\. +(\d+) \| +(\d+)$/gm)]
  const pieces = rows.map(([, from, , length, at, , stored]) => ({
    from: Number(from),
    length: Number(length),
    at: Number(at),
    stored: Number(stored),
  }))
  if (pieces.some(({ length, stored }) => length !== stored)) return undefined
  const whole = accessFile(image)
  const size = pieces.reduce((sum, { from, length }) => Math.max(sum, from + length), 0)
  return {
    size,
    read: (offset, length) => {
      const end = Math.min(size, offset + length)
      const buffer = Buffer.alloc(Math.max(0, end - offset))
      for (const piece of pieces) {
        const [first, last] = [Math.max(offset, piece.from), Math.min(end, piece.from + piece.length)]
        if (first < last) buffer.set(whole.read(piece.at + first - piece.from, last - first), first - offset)
      }
      return buffer
    },
  }
}

const erofs = (image: string): RootView => {
  const dump = (...args: string[]) => run('dump.erofs', [...args, image], { package: 'erofs-utils' })
  const bytes = async (path: string) => erofsBytes(image, await dump('-e', `--path=${path}`))
  return {
    entry: async (path) => {
      const said = await dump(`--path=${path}`)
      const [, size, type = ''] = /^Size: (\d+) .* {2}(\w+)(?: file| device)?$/m.exec(said) ?? []
      if (size === undefined) return undefined
      const kind = kinds[type]
      if (kind === 'directory') return { kind }
      if (kind === 'link') return linkOf(await bytes(path))
      const mode = /^Uid: .* Access: ([0-7]+)\//m.exec(said)?.[1] ?? ''
      return kind === undefined
        ? { kind: 'other' }
        : { kind, mode: Number.parseInt(mode, 8), size: Number(size) }
    },
    open: bytes,
    names: async (path) => {
      const said = await orUnknown(dump('--ls', `--path=${path}`))
      return [...(said ?? '').matchAll(/^ +\d+ +\d+ {2}(.+)$/gm)].map(([, name]) => name ?? '')
    },
  }
}

const linkOf = (bytes: RandomAccess | undefined): RootEntry => ({
  kind: 'link',
  target: bytes === undefined ? '' : bytes.read(0, Math.min(bytes.size, 4096)).toString('latin1'),
})

const squashfs = (image: string): RootView => {
  const tool = { package: 'squashfs-tools' }
  const lines = async (path: string, depth: number): Promise<readonly string[]> => {
    const only = path === '/' ? [] : [path]
    return (await run('unsquashfs', ['-lls', '-max-depth', `${depth}`, image, ...only], tool)).split('\n')
  }
  const rowOf = async (path: string) => {
    const pattern = /^(.)(\S{9}) \S+ +(\d+|\d+, *\d+) \S+ \S+ squashfs-root(.*)$/
    for (const line of await lines(path, path.split('/').length - 1)) {
      const [, type, bits = '', size, rest = ''] = pattern.exec(line) ?? []
      if (type !== undefined && (rest === path || rest.startsWith(`${path} -> `)))
        return { type, bits, size: Number(size), target: rest.slice(path.length + 4) }
    }
    return undefined
  }
  return {
    entry: async (path) => {
      if (path === '/') return { kind: 'directory' }
      const row = await rowOf(path)
      if (row === undefined) return undefined
      if (row.type === 'd') return { kind: 'directory' }
      if (row.type === 'l') return { kind: 'link', target: row.target }
      if (row.type !== '-') return { kind: 'other' }
      const mode = [...row.bits].reduce((sum, bit) => sum * 2 + (/[rwxst]/.test(bit) ? 1 : 0), 0)
      return { kind: 'file', mode, size: row.size }
    },
    open: async (path) => {
      if (((await rowOf(path))?.size ?? 0) > mostBytes) return undefined
      const content = await orUnknown(runBytes('unsquashfs', ['-cat', image, path], tool))
      return content === undefined ? undefined : accessBuffer(Buffer.from(content))
    },
    names: async (path) => {
      const prefix = path === '/' ? '' : path
      const found = await lines(path, path === '/' ? 1 : path.split('/').length)
      return found.flatMap((line) => {
        const at = line.indexOf(` squashfs-root${prefix}/`)
        const name = line.slice(at + ` squashfs-root${prefix}/`.length).replace(/ -> .*/, '')
        return at < 0 || name === '' || name.includes('/') ? [] : [name]
      })
    },
  }
}

const ext4 = (image: string): RootView => {
  const tool = { package: 'e2fsprogs' }
  const ask = (request: string) => run('debugfs', ['-R', request, image], tool)
  const content = async (path: string) =>
    accessBuffer(Buffer.from(await runBytes('debugfs', ['-R', `cat ${path}`, image], tool)))
  const stat = async (path: string) => {
    const said = await ask(`stat ${path}`)
    const [, type, mode = ''] = /^Inode: .* Type: (\w+) +Mode: +([0-7]+)/m.exec(said) ?? []
    const size = Number(/^User: .* Size: (\d+)$/m.exec(said)?.[1] ?? 0)
    const target = /^Fast link dest: "(.*)"$/m.exec(said)?.[1]
    return type === undefined ? undefined : { type, mode: Number.parseInt(mode, 8), size, target }
  }
  return {
    entry: async (path) => {
      const found = await stat(path)
      if (found === undefined) return undefined
      const kind = kinds[found.type]
      if (kind === 'directory') return { kind }
      if (kind === 'link')
        return found.target === undefined ? linkOf(await content(path)) : { kind, target: found.target }
      return kind === undefined ? { kind: 'other' } : { kind, mode: found.mode, size: found.size }
    },
    open: async (path) => (((await stat(path))?.size ?? 0) > mostBytes ? undefined : content(path)),
    names: async (path) =>
      [...(await ask(`ls -p ${path}`)).matchAll(/^\/\d+\/\d+\/\d+\/\d+\/([^/\n]+)\//gm)].map(
        ([, name]) => name ?? '',
      ),
  }
}

const viewOf: Readonly<Record<FileSystem, (image: string) => RootView>> = { erofs, squashfs, ext4 }

/** Faults: `tool-*`; `source-missing` for a path that the tools would misread. */
export const viewOfImage = (image: string, fileSystem: FileSystem): RootView => {
  const view = viewOf[fileSystem](image)
  const plain = (path: string): string => {
    if (plainPath.test(path)) return path
    const reason = `the tools for ${fileSystem} cannot be asked for ${path}`
    throw fail('source-missing', { volume: 'root-fs', path: image, reason })
  }
  return {
    entry: async (path) => view.entry(plain(path)),
    open: async (path) => view.open(plain(path)),
    names: async (path) => view.names(plain(path)),
  }
}
