// The findings of `inspect`, as text for people and as JSON. Pure. Text is printable ASCII: the disk chooses names and labels.

import { exitStatus, type Fault, printable, say } from '../fault/index.ts'
import { plain, type Screen, wrapped } from '../terminal/screen.ts'
import { inTenths } from '../terminal/size.ts'
import type { Claim, Part } from './claim.ts'
import type { Inspection } from './inspection.ts'

const printClaim = ({ kind, facts, says, refused }: Claim): string => {
  const words = Object.entries(facts).map(([name, value]) => `${name}=${value === '' ? '-' : value}`)
  const all = refused === undefined || says !== undefined ? [kind, ...words].join(' ') : kind
  const advice = says === undefined || says.advice === '' ? '' : `; ${says.advice}`
  const said = says === undefined ? all : `${all}: ${says.name}${advice}`
  return printable(refused === undefined ? said : `${said}, refused: ${refused.code}`)
}

const printBytes = (bytes: bigint): string => (bytes < 1024n ** 2n ? `${bytes} bytes` : inTenths(bytes))

type Row = {
  readonly lead: string
  readonly name: string
  readonly bytes: bigint
  readonly claim: Claim
}

const printRow = ({ lead, name, bytes, claim }: Row, screen: Screen): string => {
  const before = `${lead}${printable(name).padEnd(20)} ${printBytes(bytes).padStart(12)}  `
  // A long name leaves no room beside it.
  const indent = before.length * 2 > screen.columns ? lead.length + 4 : before.length
  const first = wrapped(printClaim(claim), indent, screen)
  return indent === before.length ? `${before}${first}` : `${before.trimEnd()}\n${' '.repeat(indent)}${first}`
}

/** The rows of all parts, each part below the thing that holds it. */
const printParts = ({ parts = [] }: Claim, lead: string, screen: Screen): string[] =>
  parts.flatMap(({ name, bytes, claim }) => [
    printRow({ lead, name, bytes: BigInt(bytes), claim }, screen),
    ...printParts(claim, `${lead}  `, screen),
  ])

export const printInspection = ({ path, bytes, content }: Inspection, screen: Screen = plain): string => {
  if (content.kind === 'volume') {
    const line = printable(`${path}  ${printBytes(bytes)}  `) + printClaim(content.claim)
    return linesOf([wrapLine(line, screen), ...printParts(content.claim, '     ', screen)])
  }
  const { gpt, partitions } = content
  const title = `${path}  ${printBytes(bytes)}  GPT ${gpt.uuid}, ${partitions.length} partitions, blocks of ${gpt.blockSize}`
  const rows = partitions.flatMap(({ number, name, bytes: length, claim }) => [
    printRow({ lead: `${`${number}`.padStart(3)}  `, name, bytes: length, claim }, screen),
    ...printParts(claim, '     ', screen),
  ])
  return linesOf([wrapLine(printable(title), screen), ...rows])
}

/** A line that fits is left as it is, with the two spaces between its columns. */
const wrapLine = (line: string, screen: Screen): string =>
  line.length <= screen.columns ? line : wrapped(line, 4, screen)

const linesOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

const jsonClaim = ({ kind, facts, says, parts = [], refused }: Claim): Record<string, unknown> => ({
  kind,
  ...facts,
  ...(says === undefined ? {} : { says: says.name, advice: says.advice }),
  ...(parts.length === 0 ? {} : { parts: parts.map(jsonPart) }),
  refused: jsonFault(refused),
})

const jsonPart = ({ name, bytes, claim }: Part): Record<string, unknown> => ({
  name: printable(name),
  bytes: `${bytes}`,
  claim: jsonClaim(claim),
})

const jsonFault = (fault: Fault | undefined) =>
  fault === undefined ? null : { code: fault.code, status: exitStatus(fault), says: say(fault) }

/** Sizes are texts, as in the plan's JSON. */
export const printInspectionJson = ({ path, bytes, content, refused }: Inspection): string => {
  const found =
    content.kind === 'volume'
      ? { claim: jsonClaim(content.claim) }
      : {
          gpt: { uuid: content.gpt.uuid, blockSize: content.gpt.blockSize },
          partitions: content.partitions.map(({ claim, bytes: length, ...rest }) => ({
            ...rest,
            name: printable(rest.name),
            bytes: `${length}`,
            claim: jsonClaim(claim),
          })),
        }
  const all = { format: 1, path, bytes: `${bytes}`, ...found, refused: jsonFault(refused) }
  return `${JSON.stringify(all, undefined, 2)}\n`
}
