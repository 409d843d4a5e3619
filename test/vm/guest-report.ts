// Reads the lines that trees/root-fs/usr/libexec/cvm-report writes to the console.

import { parseState, type State } from '../../src/proof/state.ts'

export type Report = {
  /** KEY -> VALUE of each `fact KEY = VALUE`; of two with one key, the later: the mount on top. */
  readonly facts: ReadonlyMap<string, string>
  readonly state: State
  /** The text of evidence.json; empty where the guest has none. */
  readonly evidence: string
}

export const reportBegins = 'cvm-report: begin'
const reportEnds = 'cvm-report: end'

/** Throws where the report is not whole: the boot went another way. */
export const readReport = (console: string): Report => {
  const lines = console.split('\n')
  const from = lines.indexOf(reportBegins)
  const to = lines.indexOf(reportEnds, from)
  if (from < 0 || to < 0) throw new Error(`the guest made no report; its last words:\n${lastWords(console)}`)
  const said = lines.slice(from, to)
  const facts = said.flatMap((line) => {
    const [, key = '', value = ''] = /^fact (.+?) = (.*)$/.exec(line) ?? []
    return key === '' ? [] : [[key, value.trim()] as const]
  })
  const fileOf = (name: string) =>
    said.flatMap((line) => (line.startsWith(`${name} `) ? [`${line.slice(name.length + 1)}\n`] : [])).join('')
  const json = fileOf('state')
  const state = parseState(json)
  if (state === undefined) throw new Error(`the guest's state.json is not as written:\n${json}`)
  return { facts: new Map(facts), state, evidence: fileOf('evidence') }
}

export const lastWords = (console: string): string => console.trimEnd().split('\n').slice(-15).join('\n')
