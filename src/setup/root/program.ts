// Whether the kernel can run a program of a root: the program is an executable file for this CPU, and the root has its loader
// or interpreter, which the kernel can run too.

import { isElf, parseElf } from '../../inspect/elf.ts'
import type { RandomAccess } from '../../machine/random-access.ts'
import { type Link, resolveIn } from './resolve.ts'
import type { RootView } from './view.ts'

export type Unfit =
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'link'; readonly link: Link; readonly reason: string }
  | { readonly kind: 'file'; readonly path: string; readonly reason: string }
  | { readonly kind: 'mode'; readonly path: string; readonly mode: number }
  | {
      readonly kind: 'needs'
      readonly path: string
      readonly needs: string
      readonly unfit: Unfit | undefined
    }
  /** The program may be fit: `reason` says why setup cannot find out. */
  | { readonly kind: 'unknown'; readonly path: string; readonly reason: string }

/** The longest chain of scripts whose interpreters are scripts that the kernel follows (fs/exec.c). */
const mostDeep = 5
/** Bytes of a script that the kernel reads to find the interpreter (BINPRM_BUF_SIZE). */
const firstLineBytes = 256
/** The directories in which `env` looks for a program. */
const searched = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

export type Searched = {
  readonly view: RootView
  /** Directories on which the boot mounts something. */
  readonly covered: readonly string[]
}

/** The reason why the kernel cannot run the program; undefined where the program is fit. */
export const unfitProgram = async (asked: Searched, path: string, depth = 0): Promise<Unfit | undefined> => {
  if (depth > mostDeep)
    return { kind: 'file', path, reason: `it is run by a script of a script, more than ${mostDeep} deep` }
  const found = await resolveIn(asked.view, path, asked.covered)
  if (found.kind === 'covered')
    return { kind: 'unknown', path, reason: `the boot mounts something else on ${found.directory}` }
  if (found.kind === 'loop') return { kind: 'link', link: found.link, reason: 'its links lead in a circle' }
  if (found.kind === 'missing')
    return found.link === undefined
      ? { kind: 'missing', path: found.path }
      : { kind: 'link', link: found.link, reason: `the root has no ${found.path}` }
  const { entry, path: file } = found
  if (entry.kind !== 'file')
    return {
      kind: 'file',
      path: file,
      reason: entry.kind === 'directory' ? 'it is a directory' : 'it is no file',
    }
  // Even root can run a file only if the file has an execute bit.
  if ((entry.mode & 0o111) === 0) return { kind: 'mode', path: file, mode: entry.mode }
  if (entry.size === 0) return { kind: 'file', path: file, reason: 'it is empty' }
  const bytes = await asked.view.open(file)
  if (bytes === undefined)
    return {
      kind: 'unknown',
      path: file,
      reason: 'it is compressed, or too large, for the tool that reads this image',
    }
  const head = bytes.read(0, firstLineBytes)
  if (head.toString('latin1', 0, 2) === '#!') return unfitScript(asked, file, head, depth)
  return isElf(head)
    ? unfitElf(asked, file, bytes, depth)
    : { kind: 'file', path: file, reason: 'it is neither an ELF program nor a script that begins with #!' }
}

const unfitElf = async (
  asked: Searched,
  path: string,
  { read }: RandomAccess,
  depth: number,
): Promise<Unfit | undefined> => {
  const elf = parseElf(read)
  if (typeof elf === 'string') return { kind: 'file', path, reason: elf }
  if (elf.loader === undefined) return undefined
  return needing(path, elf.loader, await unfitProgram(asked, elf.loader, depth + 1))
}

const needing = (path: string, needs: string, unfit: Unfit | undefined): Unfit | undefined =>
  unfit === undefined ? undefined : { kind: 'needs', path, needs, unfit }

const unfitScript = async (
  asked: Searched,
  path: string,
  head: Buffer,
  depth: number,
): Promise<Unfit | undefined> => {
  const bad = (reason: string): Unfit => ({ kind: 'file', path, reason })
  const end = head.indexOf(0x0a)
  const line = head.toString('latin1', 2, end < 0 ? head.length : end).replace(/^[ \t]+|[ \t\0]+$/g, '')
  const [interpreter = '', ...words] = line.split(/[ \t]+/)
  if (interpreter === '') return bad('its first line names no interpreter')
  if (end < 0 && head.length === firstLineBytes && words.length === 0)
    return bad(`its first line is longer than the ${firstLineBytes} bytes that the kernel reads`)
  if (line.includes('\r'))
    return bad(
      "its first line ends with CR LF, which the kernel takes for a part of the interpreter's name; remove it: sed -i 's/\\r$//'",
    )
  const unfit = needing(path, interpreter, await unfitProgram(asked, `/${interpreter}`, depth + 1))
  if (unfit !== undefined) return unfit
  const [named = ''] = words[0] === '-S' ? words.slice(1) : words
  if (!/\/env$/.test(interpreter) || /^-|[=/]|^$/.test(named)) return undefined
  const found: (Unfit | undefined)[] = []
  for (const directory of searched) {
    const one = await unfitProgram(asked, `${directory}/${named}`, depth + 1)
    if (one === undefined) return undefined
    found.push(one)
  }
  const first = found.find((one) => one?.kind !== 'missing') ?? { kind: 'missing', path: named }
  return needing(path, named, first)
}
