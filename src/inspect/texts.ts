// The claims of texts. A text that cvmboot writes or reads is judged by the parser that reads it elsewhere, too. Every other
// text is foreign. Pure.

import { oneLine } from '../cmdline/text.ts'
import { parseConfig } from '../config/config.ts'
import { configKeys } from '../config/keys.ts'
import { type Fault, faultOf } from '../fault/index.ts'
import { parseRootHashes } from '../layout/roothashes.ts'
import { parseOsRelease } from '../pack/os-release.ts'
import { parseState } from '../proof/state.ts'
import { quoted } from '../terminal/quoted.ts'
import type { Claim } from './claim.ts'
import { judgeLine } from './judge.ts'
import { claimNamed } from './named.ts'

/** The most bytes of a text that are read. */
export const textBytes = 1024 ** 2

/** Whether the first bytes are text in an encoding that people use. */
export const isText = (head: Buffer): boolean => {
  const text = head.toString('latin1', 0, 4096)
  if (/^(?:\xff\xfe|\xfe\xff)/.test(text)) return true
  if (text === '') return false
  const wide = text.replace(/\0/g, '')
  // In UTF-16, every second byte of an English text is a NUL.
  const narrow = wide.length === text.length || wide.length * 2 === text.length
  const isControl = (code: number): boolean => code < 7 || (code > 13 && code < 32 && code !== 27)
  return narrow && !Array.from(wide).some((letter) => isControl(letter.charCodeAt(0)))
}

type Row = {
  readonly kind: string
  readonly name: string
  readonly advice: (file: string) => string
  /** Whether the row fits. `plain` is the text without a byte order mark, and with line feeds only. */
  readonly is: (plain: string) => boolean
  /** The refusal of the text. `text` is unchanged: it still has its byte order mark and its line ends. */
  readonly refused: (text: string, path: string) => Fault | undefined
}

const catching = (work: () => unknown): Fault | undefined => {
  try {
    work()
    return undefined
  } catch (thrown) {
    return faultOf(thrown)
  }
}

const keys = new Set(configKeys.flatMap(({ key, aliases }) => [key, ...aliases]))

/** Whether at least half of the lines set keys of cvmboot: a file with one misspelt key is still a configuration. */
const isConfig = (plain: string): boolean => {
  const lines = plain.split('\n').filter((line) => !/^\s*(?:#.*)?$/.test(line))
  const ours = lines.filter((line) =>
    keys.has(/^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=/.exec(line)?.[1] ?? ''),
  )
  return ours.length > 0 && ours.length * 2 >= lines.length
}

const isJson = (plain: string, fits: (value: object) => boolean): boolean => {
  try {
    const found: unknown = JSON.parse(plain)
    return typeof found === 'object' && found !== null && fits(found)
  } catch {
    return false
  }
}

const good = () => undefined

/** The first row that fits counts. */
const rows: readonly Row[] = [
  {
    kind: 'partition.conf',
    name: 'a configuration',
    advice: (file) =>
      `cvmboot config show ${file}; cvmboot check, setup and pack take it by --config ${file}`,
    is: isConfig,
    refused: (text, path) => catching(() => parseConfig(text, path)),
  },
  {
    kind: 'cmdline',
    name: 'a kernel command line',
    advice: (file) =>
      `cvmboot plan --cmdline @${file} prints the boot with this line; cvmboot pack --uki takes the line the same way`,
    is: (plain) =>
      /(?:^|\s)(?:cvmboot[.]|roothash=)/.test(plain) &&
      !/[{}]/.test(plain) &&
      plain.split('\n').filter((line) => line.trim() !== '').length < 4,
    refused: (text, path) => {
      const line = { text: '' }
      return (
        catching(() => {
          line.text = oneLine(text, path)
        }) ?? judgeLine(line.text, undefined)
      )
    },
  },
  {
    kind: 'roothashes.json',
    name: 'the root hashes of a disk, as cvmboot setup writes them',
    advice: () => 'compare them with the kernel command line, or with those of another build',
    is: (plain) => parseRootHashes(plain) !== undefined,
    refused: good,
  },
  {
    kind: 'state.json',
    name: 'the state that a boot left',
    advice: (file) => `cvmboot report --state ${file} draws that boot`,
    is: (plain) => parseState(plain) !== undefined,
    refused: good,
  },
  {
    kind: 'plan',
    name: 'a plan, as cvmboot plan prints it',
    advice: () => 'compare it with the plan of another command line or configuration',
    is: (plain) =>
      /^ 1 {2}[a-z][a-z-]+/.test(plain) ||
      isJson(
        plain,
        (found) =>
          Array.isArray(found) && found.length > 0 && found.every((one) => typeof one?.kind === 'string'),
      ),
    refused: good,
  },
  {
    kind: 'os-release',
    name: 'the name of a system or an image (os-release)',
    advice: (file) => `cvmboot pack --uki --os-release ${file}`,
    is: (plain) =>
      /^(?:PRETTY_NAME|IMAGE_ID|VERSION_ID)=/m.test(plain) && typeof parseOsRelease(plain) !== 'string',
    refused: good,
  },
]

const withoutMark = (text: string): string => text.replace(/^(?:\xef\xbb\xbf|\ufeff)/, '')

/** The text with one character for each byte and with line feeds only, whatever its encoding and its line ends. */
const plainOf = (bytes: Buffer): string => {
  const wide = bytes.subarray(0, 64).includes(0) || /^(?:fffe|feff)/.test(bytes.toString('hex', 0, 2))
  const text = wide
    ? bytes
        .toString('latin1')
        .replace(/^(?:\xff\xfe|\xfe\xff)/, '')
        .replace(/\0/g, '')
    : bytes.toString('latin1')
  return withoutMark(text).replace(/\r\n?/g, '\n')
}

/** `bytes`: the first `textBytes` of the file, or all of a shorter file. */
export const claimText = (bytes: Buffer, path: string): Claim => {
  const text = bytes.toString('latin1')
  const plain = plainOf(bytes)
  const row = rows.find(({ is }) => is(plain))
  if (row === undefined) {
    const script = plain.startsWith('#!')
    const name = script ? 'a script' : isJson(plain, () => true) ? 'JSON of another program' : 'a text'
    return claimNamed(path, { kind: script ? 'script' : 'text', name, use: 'foreign', advice: '' })
  }
  const { kind, name, advice } = row
  return {
    ...claimNamed(path, { kind, name, use: 'taken', advice: advice(quoted(path)) }),
    refused: row.refused(text, path),
  }
}
