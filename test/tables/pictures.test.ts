// The pictures of the pages are drawn by the code from its own tables, and show each label whole. UPDATE_DOCS=1 writes them anew:
// look at a picture before you commit it.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { drawDisk, parts, stretches } from '../../build/pictures/disk.ts'
import { label, roomFor } from '../../build/pictures/frame.ts'
import { drawKeys, otherwise, questions } from '../../build/pictures/keys.ts'
import { drawTrust, trustRows } from '../../build/pictures/trust.ts'
import { parseConfig } from '../../src/config/config.ts'
import { defaultConfig } from '../../src/config/settings.ts'
import { treeName, verityNames, volumes } from '../../src/layout/layout.ts'
import { planBoot } from '../../src/plan/plan.ts'
import { planPartitions } from '../../src/setup/partitions.ts'
import { goodCmdline } from '../fake/machine.ts'
import { readPage, sameFile } from '../with/pages.ts'
import { parseParams } from '../with/params.ts'

const pictures = {
  'docs/pictures/trust.svg': drawTrust(defaultConfig),
  'docs/pictures/disk.svg': drawDisk(),
  'docs/pictures/keys.svg': drawKeys(),
  // test/tables/runtime/report.test.ts draws this boot from its record.
  'docs/pictures/boot.svg': readPage('test/golden/boot/report.svg'),
} as const

for (const [path, svg] of Object.entries(pictures))
  test(`${path} is what the code draws`, () => sameFile(path, svg))

test('the chain of trust has every volume of the table, at its mount, and every mount of the default plan', () => {
  const rows = trustRows(defaultConfig)
  for (const { name, mount } of volumes)
    assert.ok(
      rows.some(({ demand, mounted }) => demand[0] === name && mounted[0] === mount),
      name,
    )
  const inRoot = (target: string): string => target.replace(/^\/sysroot\/?/, '/')
  const store = '/run/cvmboot/overlay'
  const mounts = planBoot(parseParams(goodCmdline), defaultConfig, 'own').flatMap((step) => {
    if (step.kind === 'mount-verity' || step.kind === 'mount-ephemeral') return [step.mount]
    if (step.kind === 'mount-tmpfs') return inRoot(step.target) === store ? [] : [inRoot(step.target)]
    return step.kind === 'overlay' ? [step.path] : []
  })
  assert.equal(rows.map(({ mounted }) => mounted[0]).sort(), mounts.sort())
})

test('the disk has the partitions that setup makes, in their order', () => {
  const built = verityNames.map((name, i) => ({
    name,
    image: '',
    tree: '',
    rootHash: `${i}`.repeat(64),
    bytes: 4096n,
    treeBytes: 4096n,
  }))
  const plan = planPartitions(built as never, defaultConfig, 512, undefined)
  const between = stretches.slice(1, -1).map(({ name }) => name)
  assert.equal(
    between,
    plan.partitions.map(({ name }) => name),
  )
  assert.ok(between.includes(treeName('root-fs')))
})

test('the parts of a volume that lasts follow each other', () => {
  for (const [i, { from }] of parts.entries())
    assert.ok(i === 0 || from > (parts[i - 1]?.from ?? 0), `${from}`)
})

test('every choice that the picture of keys ends in is one that partition.conf takes', () => {
  const choices = [...questions.map(({ lines }) => lines), otherwise]
  const words = choices.map(([first]) => first.split(' ').map((word) => `WORKSPACE_${word}`))
  for (const lines of words) {
    const more = lines[0] === 'WORKSPACE_KEY=tpm2' ? ['TPM_TRUST=inside'] : []
    const { keys } = parseConfig([...lines, ...more, ''].join('\n'), 'partition.conf')
    assert.is(lines[0], `WORKSPACE_KEY=${keys.workspace.provider}`)
  }
  const kinds = new Set(words.map(([key]) => key))
  assert.equal(
    [...kinds].sort(),
    ['ephemeral', 'snp', 'snp+tpm2', 'tpm2'].map((kind) => `WORKSPACE_KEY=${kind}`),
  )
})

test('a label that has not enough room is refused, and not cut', () => {
  const room = roomFor('partition table', 'strong')
  assert.match(label({ x: 0, y: 0 }, 'partition table', 'strong', room), />partition table</)
  assert.throws(() => label({ x: 0, y: 0 }, 'partition table', 'strong', room - 1), /needs/)
})

test('each picture has colours for light and for dark, and a text for readers who do not see it', () => {
  for (const path of Object.keys(pictures)) {
    const svg = readPage(path)
    assert.match(svg, /@media \(prefers-color-scheme: dark\)/, path)
    assert.match(svg, /<desc id="desc">[^<]{100,}<\/desc>/, path)
  }
})

test.run()
