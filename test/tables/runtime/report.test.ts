// The verb `report` on a recorded boot. The directory test/golden/boot/ has the state of a boot of the demo's machine in QEMU,
// the output of dmesg and systemctl, and the report. UPDATE_DOCS=1 writes the report anew: look at the picture before you
// commit it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { faultOf } from '../../../src/fault/index.ts'
import { evidenceFields, type Field } from '../../../src/proof/fields.ts'
import {
  type EvidenceOf,
  printState,
  type State,
  type StepEvidence,
  type StepState,
} from '../../../src/proof/state.ts'
import { chainOf } from '../../../src/runtime/report/chain.ts'
import { drawReport } from '../../../src/runtime/report/draw.ts'
import {
  type BootRecord,
  parseSystem,
  parseUnpacking,
  readRecord,
} from '../../../src/runtime/report/record.ts'
import { printTime, rowsOf, ticksOf, timelineOf } from '../../../src/runtime/report/timeline.ts'
import { printText } from '../../../src/runtime/report/words.ts'
import { plain, screenOf } from '../../../src/terminal/screen.ts'
import { escapeXml, fitted, widthOf } from '../../../src/terminal/svg.ts'
import { verbOf } from '../../with/verb.ts'

const report = verbOf('report')

const golden = join(import.meta.dirname, '../../golden/boot')
const read = (name: string): string => readFileSync(join(golden, name), 'latin1')
const record = (): BootRecord => readRecord('state', read('state.json'), read('kernel.log'), read('systemd'))

const same = (name: string, made: string): void => {
  const path = join(golden, name)
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, made)
  assert.is(made, readFileSync(path, 'utf8'))
}

test('the picture and the text of a real boot are those that were looked at', () => {
  same('report.svg', drawReport(record()))
  same('report.txt', printText(record(), plain))
})

test('a page shows the picture', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/operate.md'), 'utf8')
  assert.match(page, /!\[[^\]]+\]\(pictures\/boot\.svg\)/)
})

type Shape = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly words: string
  readonly look: string
}

/** All texts of a picture, with as much room as they are given. */
const textsOf = (svg: string): Shape[] =>
  [
    ...svg.matchAll(
      /<text x="([\d.-]+)" y="([\d.-]+)"(?: class="([^"]*)")?(?: text-anchor="(\w+)")?>(.*?)<\/text>/g,
    ),
  ].map(([, x, y, look = '', anchor = 'start', content = '']) => {
    const words = content.replace(/<[^>]+>/g, '').replace(/&\w+;/g, '_')
    const size = look.includes('small') ? 11 : look.includes('title') ? 19 : 13
    // Half of a character's room is enough: what is drawn is narrower than what is reckoned with.
    const width = widthOf(words, size) * 0.85
    const left = Number(x) - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0)
    return { x: left, y: Number(y), width, words, look }
  })

const overlapping = (svg: string): string[] => {
  const all = textsOf(svg)
  return all.flatMap((a, i) =>
    all
      .slice(i + 1)
      .filter((b) => Math.abs(a.y - b.y) < 9 && a.x < b.x + b.width && b.x < a.x + a.width)
      .map((b) => `${a.words} | ${b.words}`),
  )
}

const outside = (svg: string): string[] =>
  textsOf(svg)
    .filter(({ x, width }) => x < 0 || x + width > 1000)
    .map(({ words }) => words)

const withSteps = (change: (state: State) => State): BootRecord => ({
  ...record(),
  state: change(record().state),
})

/** Each text that is no word of a list is as long and as mean as it can be. */
const withHostileTexts = (evidence: StepEvidence): StepEvidence => {
  const fields: Readonly<Record<string, Field>> = evidenceFields[evidence.kind]
  return JSON.parse(JSON.stringify(evidence), (name, value) =>
    typeof value === 'string' && fields[name]?.type === 'text' ? `${value}${hostile}` : value,
  )
}

const hostile = '<script>alert(1)</script>"&\u0000'.repeat(4)
for (const [what, given] of [
  ['a real boot', record()],
  ['a boot of which only the state is known', { ...record(), unpacking: undefined, system: undefined }],
  ['a system that is still starting', { ...record(), system: { from: 60_000, to: undefined } }],
  [
    'a launch that the manifest does not predict',
    {
      ...record(),
      measurement: {
        reported: 'cd'.repeat(48),
        verdict: 'not predicted',
        predicted: 'ab'.repeat(48),
        words: hostile,
      },
    },
  ],
  ['a boot without steps', withSteps((state) => ({ ...state, steps: [] }))],
  [
    'a boot of no time at all',
    withSteps((state) => ({
      ...state,
      entered: 0,
      started: 0,
      steps: state.steps.map((step) => ({ ...step, at: 0, milliseconds: 0 })),
    })),
  ],
  [
    'names that are long and mean to be more than names',
    withSteps((state) => ({
      ...state,
      kernel: hostile,
      steps: state.steps.map(({ evidence, ...step }) => ({
        ...step,
        evidence: withHostileTexts(evidence),
      })),
    })),
  ],
] as const)
  test(`${what}: nothing overlaps, nothing is cut off, everything is escaped`, () => {
    const svg = drawReport(given)
    assert.equal(overlapping(svg), [])
    assert.equal(outside(svg), [])
    assert.not.match(svg, /<script|NaN|undefined|Infinity/)
    assert.ok([...svg].every((c) => c === '\n' || c >= ' '))
    const text = printText(given, plain)
    assert.not.match(text, /NaN|undefined|Infinity/)
    assert.ok([...text].every((c) => c === '\n' || c >= ' '))
  })

for (const columns of [80, 120])
  test(`on a terminal of ${columns} columns no line of the text is longer, and colours add nothing else`, () => {
    const of = (environment: Record<string, string>) =>
      printText(record(), screenOf({ isTTY: true, columns }, environment))
    const narrow = of({ NO_COLOR: '1' })
    assert.equal(
      narrow.split('\n').filter((line) => line.length > columns),
      [],
    )
    for (const { mounted } of chainOf(record().state).links) assert.ok(narrow.includes(`  ${mounted.at} `))
    assert.is.not(of({}), narrow)
    assert.is(stripVTControlCharacters(of({})), narrow)
  })

test('overlaps would be seen', () => {
  const one = '<text x="10" y="20">one text</text>'
  assert.is(overlapping(`${one}${one.replace('x="10"', 'x="40"')}`).length, 1)
  assert.is(outside('<text x="990" y="20">one text</text>').length, 1)
})

test('who does not see it hears the same: each step and each mount', () => {
  const svg = drawReport(record())
  assert.match(
    svg,
    /^<svg [^>]*role="img" aria-labelledby="title desc">\n<title id="title">How this machine booted: /,
  )
  const [, said = ''] = /<desc id="desc">(.*)<\/desc>/.exec(svg) ?? []
  for (const { verb, subject } of timelineOf(record()).steps)
    assert.ok(said.includes(escapeXml(`${verb} ${subject}`.trim())))
  for (const { mounted } of chainOf(record().state).links)
    assert.ok(said.includes(`${mounted.at}: `), mounted.at)
  assert.ok(svg.includes('prefers-color-scheme: dark'))
})

test('phases follow each other without a gap, and the steps lie within theirs', () => {
  const { phases, steps, handOver, unpacking } = timelineOf(record())
  assert.equal(
    phases.map(({ name }) => name),
    ['kernel', 'start', 'steps', 'hand-over', 'system'],
  )
  for (const [i, { from }] of phases.entries()) assert.is(from, phases[i - 1]?.to ?? 0)
  for (const { from, to } of steps) assert.ok(from >= (phases[2]?.from ?? 0) && to <= handOver)
  assert.ok(unpacking !== undefined && unpacking.from < unpacking.to)
})

const lasting: EvidenceOf<'open-lasting'> = {
  kind: 'open-lasting',
  volume: 'workspace',
  protection: 'crypt',
  key: 'snp',
  binding: 'id-block',
  generation: 1,
  tcb: '-',
  srk: '-',
  provisioned: 'no',
  renewed: 'no',
  owner: 'none',
  header: 'ab',
  data: '/dev/vda7',
  integrity: 'none',
  device: '/dev/dm-3',
  table: '-',
}
const evidenceFor = {
  'open-lasting': () => lasting,
  'mask-swap': () => ({ kind: 'mask-swap', swap: 'masked' }) as const,
  harden: (setting: string) => ({ kind: 'harden', setting, value: '1' }) as const,
}

const timed = (...took: readonly (readonly [verb: keyof typeof evidenceFor, milliseconds: number])[]) => {
  let at = 1000
  const steps = took.map(([verb, milliseconds], i): StepState => {
    const step = { step: verb, at, milliseconds, evidence: evidenceFor[verb](`s${i}`) }
    at += milliseconds
    return step
  })
  const state = { ...record().state, entered: 500, started: 1000, steps }
  return rowsOf(timelineOf({ ...record(), state, system: undefined }))
}
const shownAs = (rows: ReturnType<typeof timed>): string[] =>
  rows.map(({ verb, subject }) => `${verb} ${subject}`)

test('equal short steps that follow each other are one row, which still names and times each', () => {
  const long = ['open-lasting', 900] as const
  const three = timed(long, ['harden', 5], ['harden', 6], ['harden', 7])
  assert.equal(shownAs(three), ['open-lasting workspace', 'harden (3 times)'])
  const [, folded] = three
  assert.equal(folded?.subjects, ['s1', 's2', 's3'])
  assert.is((folded?.to ?? 0) - (folded?.from ?? 0), 18)
})

test('a row stays one step where it is long, where its neighbours differ, and where there are two', () => {
  const long = ['open-lasting', 900] as const
  for (const took of [
    [long, ['harden', 5], ['harden', 6]],
    [long, ['harden', 5], ['mask-swap', 1], ['harden', 6], ['harden', 6]],
    [long, ['harden', 5], ['harden', 200], ['harden', 6], ['harden', 6]],
    [
      ['harden', 300],
      ['harden', 300],
      ['harden', 300],
    ],
  ] as const)
    assert.is(timed(...took).length, took.length)
  assert.equal(timed(), [])
})

test('times of another boot are left out rather than drawn', () => {
  const early = { ...record(), system: { from: 1, to: 2 }, unpacking: { from: 0, to: 1e9 } }
  const timeline = timelineOf(early)
  assert.is(timeline.phases.length, 3)
  assert.is(timeline.unpacking, undefined)
})

test("the kernel's log is read as dmesg prints it, and as /dev/kmsg has it", () => {
  const lines = ['Trying to unpack rootfs image as initramfs...', 'Freeing initrd memory: 51996K']
  const dmesg = `[    2.285385] ${lines[0]}\n[    4.250801] ${lines[1]}\n`
  assert.equal(parseUnpacking(dmesg), { from: 2285.385, to: 4250.801 })
  assert.equal(parseUnpacking(`6,1,2285385,-;${lines[0]}\n6,2,4250801,-;${lines[1]}\n`), {
    from: 2285.385,
    to: 4250.801,
  })
  for (const bad of ['', dmesg.slice(0, 50), dmesg.split('\n').reverse().join('\n').replace('4.25', '1.25')])
    assert.is(parseUnpacking(bad), undefined)
})

test('systemd tells, or does not', () => {
  assert.equal(parseSystem('UserspaceTimestampMonotonic=16900000\nFinishTimestampMonotonic=27900000\n'), {
    from: 16900,
    to: 27900,
  })
  assert.equal(parseSystem('UserspaceTimestampMonotonic=16900000\nFinishTimestampMonotonic=0\n'), {
    from: 16900,
    to: undefined,
  })
  for (const bad of [
    '',
    'UserspaceTimestampMonotonic=\n',
    'UserspaceTimestampMonotonic=0\nFinishTimestampMonotonic=5',
  ])
    assert.is(parseSystem(bad), undefined)
})

const stateOf = (cvm: string, evidence: StepEvidence): State => ({
  ...record().state,
  cvm,
  steps: [{ step: 'a step', at: 1, milliseconds: 1, evidence }],
})

test('the chain says what protects, and where nothing does', () => {
  const { links, measured } = chainOf(record().state)
  assert.is(measured, 'not measured')
  const at = (path: string) => links.find(({ mounted }) => mounted.at === path)
  assert.is(at('/')?.trust, 'verified')
  assert.match(at('/')?.demands ?? '', /^root hash [0-9a-f]{12}\.\.\.$/)
  assert.is(at('/mnt/nvflare/workspace')?.trust, 'encrypted')
  assert.is(at('/mnt/nvflare/job-store')?.trust, 'none')
  assert.match(at('/mnt/nvflare/job-store')?.demands ?? '', /the host reads it/)
  assert.is(at('/etc')?.name, 'os-config over root-fs')
  assert.is(chainOf(stateOf('sev-snp', { kind: 'load-modules' })).measured, 'measured')
  const [kept] = chainOf(stateOf('sev-snp', { ...lasting, integrity: 'hmac-sha256' })).links
  assert.is(kept?.demands, 'key by snp, to id-block')
  assert.is(kept?.enforced.by, 'dm-crypt with integrity')
  assert.match(kept?.mounted.how ?? '', /as it was kept/)
})

test('a directory of workspace is said to be what it is: encrypted, and on workspace', () => {
  const directory = { kind: 'bind-directory', mount: '/srv/data', from: 'workspace', hides: 0 } as const
  const [made] = chainOf(stateOf('sev-snp', { ...directory, directory: 'made' })).links
  assert.equal(made, {
    trust: 'encrypted',
    name: 'directory of workspace',
    demands: '',
    enforced: { by: 'bind mount', on: 'workspace' },
    mounted: { at: '/srv/data', how: 'new' },
  })
  const [found] = chainOf(stateOf('sev-snp', { ...directory, directory: 'found' })).links
  assert.is(found?.mounted.how, 'as it was kept')
})

test('times and marks are round', () => {
  assert.equal([0, 0.4, 950, 999.4, 999.6, 12_340].map(printTime), [
    '0 ms',
    '0 ms',
    '950 ms',
    '999 ms',
    '1.0 s',
    '12.3 s',
  ])
  assert.equal(ticksOf({ from: 0, to: 28_000 }), [0, 5000, 10_000, 15_000, 20_000, 25_000])
  assert.equal(ticksOf({ from: 9240, to: 13_000 }).slice(0, 2), [9500, 10_000])
  assert.equal(ticksOf({ from: 5, to: 5 }), [])
  for (const to of [1, 7, 99, 12_345, 1e7]) assert.ok(ticksOf({ from: 0, to }).length <= 11, `${to}`)
})

test('a text is as long as its room', () => {
  assert.is(fitted('short', 13, 200), 'short')
  assert.ok(widthOf(fitted('x'.repeat(500), 13, 200), 13) <= 200)
  assert.is(fitted('abc', 13, 1), '…')
})

test('a state that is none is refused with what to do', () => {
  assert.throws(
    () => readRecord('/x', undefined, undefined, undefined),
    /state-read: cannot read \/x: there is no such file; run this, as root, in a VM that cvmboot booted, or name the state of a boot with --state/,
  )
  assert.throws(() => readRecord('/x', '{}', undefined, undefined), /state-read: .*did not write it so/)
})

/** The code of what it refuses with. */
const refused = async (...args: string[]): Promise<string> =>
  report(args).then(
    () => 'nothing',
    (thrown: unknown) => faultOf(thrown).code,
  )

test('the verb reads files and writes one', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-report-'))
  const files = ['state', 'log', 'systemd'].flatMap((name, i) => [
    `--${name}`,
    join(golden, ['state.json', 'kernel.log', 'systemd'][i] ?? ''),
  ])
  try {
    const output = join(scratch, 'out')
    await report([...files, '--output', output])
    assert.is(readFileSync(output, 'utf8'), readFileSync(join(golden, 'report.svg'), 'utf8'))
    await report([...files, '--output', output, '--text'])
    assert.is(readFileSync(output, 'utf8'), readFileSync(join(golden, 'report.txt'), 'utf8'))
    assert.is(await refused('--log', 'x'), 'usage')
    assert.is(await refused('--state', join(scratch, 'none')), 'state-read')
    assert.is(await refused('--state', scratch), 'state-read')
    assert.is(await refused(...files, '--output', join(scratch, 'no/where')), 'state-write')
    // Nobody booted the machine of the tests.
    assert.is(await refused(), 'state-read')
  } finally {
    rmSync(scratch, { recursive: true })
  }
  assert.is(printState(record().state), read('state.json'))
})

test.run()
