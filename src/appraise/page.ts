// Prints the verdict as one self-contained HTML page: the chain as a picture, and each check with the values that it compared.
// The page has no script and loads nothing. Each text of the evidence is made printable and escaped. Pure.

import { printable, say } from '../fault/index.ts'
import type { Finding } from '../terminal/finding.ts'
import { area, box, escapeXml, line, text } from '../terminal/svg.ts'
import { type Colour, colourOf, type Link, linksOf, othersIn } from './page-links.ts'
import type { Status } from './result.ts'

const style = `
:root { color-scheme: light dark; --ink: #1f2328; --ground: #ffffff; --card: #f6f8fa; --edge: #d1d9e0; --good: #1a7f5a; --note: #9a5b00; --bad: #c4232b; --unjudged: #59636e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --ground: #0d1117; --card: #161b22; --edge: #30363d; --good: #3fb984; --note: #e0b34d; --bad: #ff7b72; --unjudged: #9198a1 } }
body { font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--ground); margin: 0 auto; padding: 16px; max-width: 960px }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin: 1.5em 0 .5em } ul { list-style: none; margin: 0; padding: 0 }
li, .verdict { background: var(--card); border: 1px solid var(--edge); border-left: 5px solid; border-radius: 6px; padding: 8px 12px; margin: 6px 0; overflow-wrap: anywhere }
li.good, .affirming { border-left-color: var(--good) } li.note, .warning { border-left-color: var(--note) } li.bad, .contraindicated { border-left-color: var(--bad) }
b.good { color: var(--good) } b.note { color: var(--note) } b.bad { color: var(--bad) }
svg { display: block; width: 100%; max-width: 328px; height: auto; margin: 0 auto }
text { font: 14px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink) } text.small { font-size: 12px }
.card { fill: var(--card); stroke: var(--edge) } line { stroke-width: 4 } .wire-unjudged { stroke-dasharray: 5 4 }
${(['good', 'note', 'bad', 'unjudged'] as const).map((one) => `.wire-${one} { stroke: var(--${one}); fill: var(--${one}) }`).join(' ')}
`.trim()

const words: Readonly<Record<Colour, string>> = {
  good: 'proved',
  note: 'not wholly judged',
  bad: 'REFUSED',
  unjudged: 'not judged',
}

const verdicts: Readonly<Record<Status, readonly [string, string]>> = {
  affirming: ['The evidence is good', 'Each check passed. The notes below name what is not proved.'],
  warning: [
    'No check failed, but the verdict is for looking only',
    'The measurement was not compared with a manifest, or the evidence answers no nonce. Release no key on this verdict.',
  ],
  contraindicated: ['The evidence is refused', 'At least one check failed. Do not trust this VM.'],
}

const marks = { good: 'ok', note: 'not judged, or not proved', bad: 'FAIL' } as const

const row = (finding: Finding): string => {
  const { subject, result } = finding
  const says = finding.result === 'bad' ? say(finding.fault) : printable(finding.says)
  return `<li class="${result}"><b class="${result}">${marks[result]}</b> <strong>${escapeXml(printable(subject))}</strong>: ${escapeXml(says)}</li>`
}

const section = (title: string, findings: readonly Finding[]): string =>
  `<section><h2>${escapeXml(title)}</h2>\n${
    findings.length === 0
      ? '<p>No check judged this link.</p>'
      : `<ul>\n${findings.map(row).join('\n')}\n</ul>`
  }</section>`

const cardHeight = 36
const step = 92

const node = (name: string, at: number): string =>
  box({ x: 4, y: at, width: 320, height: cardHeight }, 'card') +
  text({ x: 164, y: at + 23 }, name, { anchor: 'middle' })

const wire = (link: Link, i: number): string => {
  const look = colourOf(link)
  const [top, end] = [i * step + cardHeight + 4, (i + 1) * step + 4]
  const head = [
    { x: 40, y: end },
    { x: 33, y: end - 10 },
    { x: 47, y: end - 10 },
  ]
  return (
    line({ x: 40, y: top }, { x: 40, y: end - 10 }, `wire-${look}`) +
    area(head, `wire-${look}`) +
    text({ x: 60, y: top + 32 }, words[look], { look: 'small' })
  )
}

const picture = (links: readonly Link[]): string => {
  const names = [...links.slice(0, 1).map(({ from }) => from), ...links.map(({ to }) => to)]
  const height = links.length * step + cardHeight + 8
  const said = links.map((link) => `${link.from} to ${link.to}: ${words[colourOf(link)]}`).join('; ')
  return `<svg viewBox="0 0 328 ${height}" role="img"><title>${escapeXml(said)}</title>
${[...names.map((name, i) => node(name, i * step + 4)), ...links.map(wire)].join('\n')}
</svg>`
}

/** `status`: of the attestation result of the same findings. */
export const printPage = (findings: readonly Finding[], status: Status): string => {
  const links = linksOf(findings)
  const [verdict, meaning] = verdicts[status]
  const others = othersIn(findings)
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>${verdict}</title>
<style>
${style}
</style>
</head>
<body>
<h1>${verdict}</h1>
<p class="verdict ${status}">${meaning}</p>
${picture(links)}
${links.map(({ from, to, findings: judged }) => section(`${from} to ${to}`, judged)).join('\n')}
${others.length === 0 ? '' : section('How the VM was launched, and other checks', others)}
</body>
</html>
`
}
