// state.json: print / parse, and the texts that the parser refuses. The page docs/reference/state.md has all fields.
// UPDATE_DOCS=1 writes the tables of that page anew.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bootFields, evidenceFields, type Field, stepFields } from '../../../src/proof/fields.ts'
import {
  type EvidenceKind,
  evidenceOf,
  parseState,
  printState,
  type State,
  volumeIn,
  whyNoState,
} from '../../../src/proof/state.ts'
import type { Step } from '../../../src/steps/index.ts'

const project = join(import.meta.dirname, '../../..')
const golden = readFileSync(join(project, 'test/golden/boot/state.json'), 'utf8')

const state: State = {
  edition: 'cvmboot',
  version: '0.1.0',
  node: 'v26.10.0',
  git: 'abc',
  kernel: '6.12',
  cvm: 'tdx',
  keyProvider: 'ephemeral',
  entered: 800,
  started: 900,
  steps: [
    {
      step: 'open-verity root-fs',
      at: 901.5,
      milliseconds: 1.5,
      evidence: {
        kind: 'open-verity',
        volume: 'root-fs',
        protection: 'verity',
        rootHash: 'ab',
        data: '/dev/vda1',
        tree: '/dev/vda2',
        device: '/dev/dm-0',
        table: '1 …',
      },
    },
    {
      step: 'mount-verity root-fs',
      at: 904,
      milliseconds: 1,
      evidence: { kind: 'mount-verity', volume: 'root-fs', mount: '/', fileSystem: 'erofs' },
    },
    {
      step: 'close-doors',
      at: 905,
      milliseconds: 1,
      evidence: { kind: 'close-doors', masked: ['one', 'two'], units: 3 },
    },
  ],
}
const text = printState(state)

test('the state reads back, each step with the type of its kind, and each volume with all that is known', () => {
  assert.equal(parseState(text), state)
  assert.equal(evidenceOf(state, 'close-doors'), [{ kind: 'close-doors', masked: ['one', 'two'], units: 3 }])
  assert.is(volumeIn(state, 'root-fs')?.mounted?.mount, '/')
  assert.is(volumeIn(state, 'workspace'), undefined)
  assert.equal(JSON.parse(text).volumes, {
    'root-fs': {
      protection: 'verity',
      rootHash: 'ab',
      data: '/dev/vda1',
      tree: '/dev/vda2',
      device: '/dev/dm-0',
      table: '1 …',
      mount: '/',
      fileSystem: 'erofs',
    },
  })
})

test('the state of a real boot reads back', () => {
  const found = parseState(golden)
  assert.is(found === undefined ? undefined : printState(found), golden)
})

/** The state as a tree in which somebody changed something, printed as `printState` prints. */
const changed = (change: (tree: Record<string, unknown>, evidence: Record<string, unknown>) => void) => {
  const tree = JSON.parse(text)
  change(tree, tree.steps[0].evidence)
  return `${JSON.stringify(tree, undefined, 2)}\n`
}

for (const [what, bad] of [
  ['nothing', ''],
  ['a list', '[]'],
  ['null', 'null'],
  ['an empty object', '{}'],
  ['a text that is cut off', text.slice(0, -2)],
  ['a space in front', ` ${text}`],
  ['an older format', text.replace('"format": 2', '"format": 1')],
  ['a time as text', text.replace('900', '"900"')],
  ['a time that is null', text.replace('800', 'null')],
  ['an unknown field of the boot', changed((tree) => Object.assign(tree, { more: 1 }))],
  ['a field of the boot that is missing', changed((tree) => delete tree['kernel'])],
  ['a volume that no step opened', changed((tree) => Object.assign(tree, { volumes: { tmp: {} } }))],
  ['an unknown kind of step', changed((_, evidence) => Object.assign(evidence, { kind: 'open-all' }))],
  [
    'a kind of step that every object has',
    changed((_, evidence) => Object.assign(evidence, { kind: 'toString' })),
  ],
  ['an unknown field of evidence', changed((_, evidence) => Object.assign(evidence, { more: '' }))],
  ['a field of another kind', changed((_, evidence) => Object.assign(evidence, { mount: '/' }))],
  ['a field of evidence that is missing', changed((_, evidence) => delete evidence['rootHash'])],
  ['evidence of another type', changed((_, evidence) => Object.assign(evidence, { data: 1 }))],
  ['a volume of another kind', changed((_, evidence) => Object.assign(evidence, { volume: 'workspace' }))],
  ['a list in which a number is', text.replace('"two"', '2')],
  ['a text in place of a list', text.replace(/\[\s+"one",\s+"two"\s+\]/, '"one two"')],
  ['a time of a step as text', text.replace('901.5', '"901.5"')],
  [
    'more steps than any plan has',
    printState({
      ...state,
      steps: Array.from({ length: 1001 }, () => state.steps)
        .flat()
        .slice(0, 1001),
    }),
  ],
] as const)
  test(`no state: ${what}`, () => assert.is(parseState(bad), undefined))

test('another format is said with its number, and any other text is said to be none of ours', () => {
  for (const [format, found] of [
    [1, changed((tree) => Object.assign(tree, { format: 1 }))],
    [3, '{"format":3}'],
  ] as const)
    assert.match(
      whyNoState(found),
      new RegExp(
        `^it has format ${format}, and this cvmboot reads format 2 only: ask the cvmboot that booted`,
      ),
    )
  for (const found of ['', '{}', '{"format":"1"}', '{"format":1e99}', text])
    assert.is(whyNoState(found), 'cvmboot did not write it so')
})

/** These do not compile where a kind of step has no evidence, or where evidence has a kind that no step has. */
const evidenceKindOf = (kind: Step['kind']): EvidenceKind => kind
const stepKindOf = (kind: EvidenceKind): Step['kind'] => kind

test('each kind of step has evidence, and each evidence has a step', () => {
  for (const { evidence } of state.steps) assert.is(evidenceKindOf(stepKindOf(evidence.kind)), evidence.kind)
})

test('names are spelled in one way', () => {
  const all = [bootFields, stepFields, ...Object.values(evidenceFields)].flatMap((one) => Object.keys(one))
  for (const name of all) assert.match(name, /^[a-z]+[0-9]*(?:[A-Z][a-z]+)*$/)
})

const page = join(project, 'docs/reference/state.md')

const typeOf = (field: Field): string =>
  'words' in field ? field.words.map((one) => `\`${one}\``).join(', ') : field.type

const table = (fields: Readonly<Record<string, Field>>): string =>
  Object.entries(fields).length === 0
    ? 'The evidence is the kind alone.\n'
    : [
        '| field | value | meaning |',
        '|---|---|---|',
        ...Object.entries(fields).map(
          ([name, field]) =>
            `| \`${name}\` | ${typeOf(field)} | ${field.about}${field.when === undefined ? '' : `; ${field.when}`} |`,
        ),
        '',
      ].join('\n')

const tables: Readonly<Record<string, string>> = {
  boot: table(bootFields),
  step: table(stepFields),
  evidence: Object.entries(evidenceFields)
    .map(([kind, fields]) => `### \`${kind}\`\n\n${table(fields)}`)
    .join('\n'),
}

test('docs/reference/state.md has the table of the source', () => {
  const before = readFileSync(page, 'utf8')
  const after = before.replace(
    /(<!-- fields of the (\w+): .*? -->\n\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => `${begin}${tables[name] ?? ''}\n${end}`,
  )
  assert.is(after.match(/<!-- end -->/g)?.length, 3)
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, after)
  assert.is(readFileSync(page, 'utf8'), after)
})

test.run()
