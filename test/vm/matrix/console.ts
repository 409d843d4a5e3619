// Rows: consoles and panic settings. A refusal ends the machine, even where nobody can read the message.

import { type Bench, type Change, plus, type Row } from './row.ts'

const refused = plus('cvmboot.nonsense')

/** The refusal on a console that shows it. */
const shown =
  (first: string) =>
  (bench: Bench): Change => ({ ...refused(bench), first })
/** Nothing can show it: it is looked for in the memory of a machine that stands still for good. */
const silent =
  (first: string) =>
  (bench: Bench): Change => ({
    ...refused(bench),
    first,
    memory: bench.file('memory'),
    memoryMiB: 512,
  })

export const consoleRows: readonly Row[] = [
  ['panic= without a value', 'cmdline-unknown', shown('console=ttyS0 panic=')],
  ['panic= with odd values', 'cmdline-unknown', shown('console=ttyS0 panic=0x panic=sh panic=7 panic=0')],
  ['two consoles', 'cmdline-unknown', shown('console=tty0 console=ttyS0 panic=-1')],
  ['one console twice', 'cmdline-unknown', shown('console=ttyS0 console=ttyS0,9600 panic=-1')],
  ['a kernel that is told to be quiet', 'cmdline-unknown', shown('console=ttyS0 quiet loglevel=0 panic=-1')],
  ['no console', 'cmdline-unknown', silent('panic=-1')],
  ['console=null', 'cmdline-unknown', silent('console=null panic=-1')],
  ['console= without a value', 'cmdline-unknown', silent('console= panic=-1')],
  ['console= of a line that is not there', 'cmdline-unknown', silent('console=ttyS7 panic=-1')],
]
