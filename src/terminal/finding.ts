// The findings of checks, printed one line each. A finding is good, or a note, or a fault with its code. Pure.

import { exitStatus, type Fault, printable, say } from '../fault/index.ts'
import { type Screen, wrapped } from './screen.ts'

export type Finding = {
  /** The thing that was checked, in a word or two. */
  readonly subject: string
} & (
  | { readonly result: 'good'; readonly says: string }
  /** Nothing is wrong. `says` tells people a fact that they want to know, and what they can do about it. */
  | { readonly result: 'note'; readonly says: string }
  | { readonly result: 'bad'; readonly fault: Fault }
)

export const good = (subject: string, says: string): Finding => ({ subject, result: 'good', says })
export const note = (subject: string, says: string): Finding => ({ subject, result: 'note', says })
export const bad = (subject: string, fault: Fault): Finding => ({ subject, result: 'bad', fault })

export const firstFault = (findings: readonly Finding[]): Fault | undefined =>
  findings.flatMap((finding) => (finding.result === 'bad' ? [finding.fault] : []))[0]

const words = { good: 'ok', note: 'note', bad: 'FAIL' } as const

export const printFindings = (findings: readonly Finding[], screen: Screen): string => {
  const width = Math.max(0, ...findings.map(({ subject }) => subject.length))
  return findings
    .map((finding) => {
      const says = finding.result === 'bad' ? say(finding.fault) : printable(finding.says)
      const mark = screen.paint(finding.result, words[finding.result].padEnd(4))
      const subject = printable(finding.subject).padEnd(width)
      return `${mark}  ${subject}  ${wrapped(says, width + 8, screen)}\n`
    })
    .join('')
}

export const printFindingsJson = (findings: readonly Finding[]): string => {
  const rows = findings.map((finding) => {
    const { subject, result } = finding
    if (result !== 'bad') return { subject, result, says: finding.says }
    const { fault } = finding
    return { subject, result, code: fault.code, status: exitStatus(fault), says: say(fault) }
  })
  const fault = firstFault(findings)
  return `${JSON.stringify({ format: 1, good: fault === undefined, findings: rows }, undefined, 2)}\n`
}
