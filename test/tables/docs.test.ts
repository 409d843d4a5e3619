// The documents and the source say the same. Tables are made from the source: UPDATE_DOCS=1 writes them anew.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { builtInWords } from '../../src/cmdline/builtin.ts'
import { forbidden } from '../../src/cmdline/forbidden.ts'
import { parameters, parseParams } from '../../src/cmdline/params.ts'
import { printRequired, requiredWords } from '../../src/cmdline/required.ts'
import { configKeys } from '../../src/config/keys.ts'
import { defaultConfig } from '../../src/config/settings.ts'
import { type BootFault, describeFault, type FaultCode, faultCodes } from '../../src/fault/index.ts'
import { formats } from '../../src/inspect/formats.ts'
import { limits } from '../../src/layout/limits.ts'
import { planBoot } from '../../src/plan/plan.ts'
import { statePath } from '../../src/proof/state.ts'
import { readBooted } from '../../src/runtime/booted.ts'
import { compare } from '../../src/runtime/compare.ts'
import { parseMounts } from '../../src/runtime/mounts.ts'
import { overviewOf } from '../../src/runtime/overview.ts'
import { printOverview } from '../../src/runtime/overview-text.ts'
import { sceneOf } from '../../src/runtime/scene.ts'
import { agents, generators } from '../../src/system/doors.ts'
import { settings, settingsOf, userSettings } from '../../src/system/hardening.ts'
import { cautions, guards } from '../../src/system/shadows.ts'
import { printFindings } from '../../src/terminal/finding.ts'
import { screenOf } from '../../src/terminal/screen.ts'
import { goodCmdline } from '../fake/machine.ts'
import { bootRecorded } from '../with/boot-recorded.ts'
import { type Recorded, systemOf } from '../with/captured.ts'
import { bootsIn, mixedUp, recordedBlock } from '../with/recorded.ts'

const file = (name: string): string => join(import.meta.dirname, '../..', name)
const cmdlineDoc = file('kernel-cmdline.md')
const read = (doc = cmdlineDoc): string => readFileSync(doc, 'utf8')

const section = (name: string, content: string, doc = cmdlineDoc): void => {
  const pattern = new RegExp(`(<!-- ${name}:[^\n]*-->\n)[\\s\\S]*?(<!-- end -->)`)
  assert.match(read(doc), pattern)
  if (process.env['UPDATE_DOCS'] === '1')
    writeFileSync(
      doc,
      read(doc).replace(pattern, (_, a, b) => `${a}\n${content}\n${b}`),
    )
  assert.is(pattern.exec(read(doc))?.[0].split('\n').slice(1, -1).join('\n').trim(), content.trim())
}

const row = (...cells: string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`

test("the words of others are the source's: required, built-in, and those that no list can allow", () => {
  const head = (...cells: string[]): string => row(...cells) + row(...cells.map(() => '---'))
  const required = requiredWords.map((one) => row(`\`${printRequired(one)}\``, one.why))
  section('required', head('word', 'without it') + required.join(''))
  const builtIn = builtInWords.map(({ name, values, takes, where, why }) => {
    const word = values === undefined ? `\`${name}\`` : `\`${name}=\``
    return row(word, takes, where === 'every' ? 'every' : 'dracut, initramfs-tools', why)
  })
  section(
    'built-in',
    head('word', 'takes', 'in which initramfs', 'why it cannot weaken a boot') + builtIn.join(''),
  )
  const key = (one: (typeof forbidden)[number]): string => `${one.reason} ${one.harmless}`
  const never = [...new Set(forbidden.map(key))].map((same) => {
    const rows = forbidden.filter((one) => key(one) === same)
    const names = rows.flatMap((one) => one.names).map((name) => `\`${name}\``)
    const fine = rows[0]?.harmless?.source
    return row(names.join(' '), rows[0]?.reason ?? '', fine === undefined ? '' : `\`${fine}\``)
  })
  section('forbidden', head('words', 'why', 'unless its value matches') + never.join(''))
})

test("the keys of partition.conf are the source's, with what they take and their defaults", () => {
  const rows = configKeys.map(({ key, aliases, expected, print }) => {
    const names = [key, ...aliases.map((alias) => `[${alias}]`)].join(' ')
    return row(names, expected, print(defaultConfig))
  })
  section('config', row('key', 'takes', 'default') + row('---', '---', '---') + rows.join(''))
})

test("the kernel settings, what becomes of generators, and the masked units are the source's", () => {
  const chosen = new Map(
    settingsOf({ ...defaultConfig.hardening, modules: 'closed' }).map(([name, value]) => [
      name as string,
      value,
    ]),
  )
  const missing = { harmless: 'boots', unguarded: 'boots; `verify` has a note', open: 'refused' } as const
  const rows = Object.entries(settings).map(([name, { absent, why }]) => {
    const left = userSettings.some((one) => one === name) ? 'HARDEN_USERS_BUT' : ''
    const key = keysOfSettings[name] ?? left
    return row(`\`${name}\``, `\`${chosen.get(name)}\``, key, missing[absent], why)
  })
  const head = row('setting', 'value', 'key', 'a kernel without it', 'what it keeps away')
  section('settings', head + row('---', '---', '---', '---', '---') + rows.join(''))
  const decided = generators.map(({ name, decision, why }) => row(`\`${name}\``, decision, why))
  section('generators', row('generator', 'here', 'why') + row('---', '---', '---') + decided.join(''))
  const masked = agents.map(({ unit, why }) => row(`\`${unit}\``, why))
  section('agents', row('unit', 'why') + row('---', '---') + masked.join(''))
})

/** Of settings that have a key of their own. */
const keysOfSettings: Readonly<Record<string, string>> = {
  'kernel.yama.ptrace_scope': 'PTRACE_SCOPE',
  lockdown: 'LOCKDOWN',
  hibernation: 'LOCKDOWN',
  'kernel.modules_disabled': 'MODULES_AFTER_BOOT',
}

test("what os-config may not have is the source's", () => {
  for (const [name, table] of [
    ['guards', guards],
    ['cautions', cautions],
  ] as const) {
    const reasons = [...new Set(table.map(({ reason }) => reason))]
    const rows = reasons.map((reason) => {
      const paths = table.filter((guard) => guard.reason === reason).map(({ path }) => `\`${path}\``)
      return row(paths.join(' '), reason)
    })
    section(name, row("in os-config's `etc`", 'why') + row('---', '---') + rows.join(''))
  }
})

test("the formats that inspect knows are the source's", () => {
  const rows = formats.map(({ kind, name, advice }) => row(`\`${kind}\``, name, advice('FILE')))
  section('formats', row('kind', 'what it is', 'what to do') + row('---', '---', '---') + rows.join(''))
})

test("the refusals are the source's, with status and words", () => {
  const rows = faultCodes
    .map((code) => describeFault(code))
    .map(({ code, exit, says }) => row(`\`${code}\``, `${exit}`, says))
  section('faults', row('code', 'status', 'says') + row('---', '---', '---') + rows.join(''))
})

test("the limits of what is read are the source's", () => {
  const rows = Object.entries(limits).map(([name, { of, most, unit }]) =>
    row(`\`${name}\``, of, `${most} ${unit}`),
  )
  section('limits', row('limit', '', 'at most') + row('---', '---', '---') + rows.join(''))
})

const sceneFrom = (recorded: Recorded) => {
  const system = systemOf(recorded)
  const { expected, state } = readBooted(system, undefined)
  return sceneOf(system, expected, state)
}
/** No wider than a page shows without scrolling. test/vm/running.test.ts has a machine print the same. */
const page = screenOf({ isTTY: true, columns: 100 }, { NO_COLOR: '1' })

test('what status and verify print of a real machine is in README.md', () => {
  const scene = sceneFrom(bootRecorded())
  section('status', `\`\`\`text\n${printOverview(overviewOf(scene), page)}\`\`\`\n`, file('README.md'))
  section('verify', `\`\`\`text\n${printFindings(compare(scene), page)}\`\`\`\n`, file('README.md'))
})

test('and what verify prints once somebody mounted over a volume', () => {
  const recorded = bootRecorded()
  const [path, target] = ['/proc/1/mountinfo', '/mnt/nvflare/oem-launcher']
  const mounts = parseMounts(recorded.texts[path] ?? '')
  const idAt = (at: string) => mounts.find((mount) => mount.target === at)?.id
  const evil = `90 ${idAt(target)} 0:${idAt('/run')} /evil ${target} rw - tmpfs run rw`
  const texts = { ...recorded.texts, [path]: `${recorded.texts[path]}${evil}\n` }
  const bad = compare(sceneFrom({ ...recorded, texts }))
  const [difference] = /^FAIL.*\n(?: .*\n)*/m.exec(printFindings(bad, page)) ?? []
  assert.match(difference ?? '', /^FAIL {2}mount \/mnt\/nvflare\/oem-launcher +verify-mount: /)
  section('verify-difference', `\`\`\`text\n${difference}\`\`\`\n`, file('README.md'))
})

/** What the shell scripts said, and what is said instead. */
const troubles: readonly (readonly [string, readonly FaultCode[]])[] = [
  ['Not running in a Confidential VM', ['cvm-absent']],
  ['Device not found', ['device-missing', 'disk-missing']],
  ['Mount point already in use', ['mount-point-busy', 'target-busy']],
  ['Encryption failed', ['crypt-open', 'module-missing']],
  ['Verity setup failed', ['verity-open', 'verity-corrupt']],
]

test("the old scripts' five troubles are messages of the source, with cause and remedy", () => {
  const rows = troubles.flatMap(([said, codes]) =>
    codes.map((code, i) => {
      const { says, advice } = describeFault(code)
      assert.ok(advice, `${code} has no remedy`)
      return row(i === 0 ? said : '', `\`${code}\``, says)
    }),
  )
  const table = row('the scripts said', 'now', 'says') + row('---', '---', '---') + rows.join('')
  section('troubles', table, file('README.md'))
})

test('the parameters in README.md are those of the source', () => {
  const rows = parameters.map(({ name, takes, absent }) => row(`\`${name}\``, takes, absent))
  const table = row('parameter', 'takes', 'absent') + row('---', '---', '---') + rows.join('')
  section('parameters', table, file('README.md'))
})

test('every parameter has its heading, and every heading its parameter', () => {
  const headings = [...read().matchAll(/^### `(.+)`$/gm)].map((match) => match[1])
  assert.equal(
    headings,
    parameters.map((p) => p.name),
  )
})

const paragraph = (name: string): string => {
  const [, text = ''] = read().split(`### \`${name}\`\n`)
  return text.split(/^##/m)[0] ?? ''
}

for (const { name, takes, absent } of parameters)
  test(`${name} is documented as it is parsed`, () => {
    const text = paragraph(name)
    assert.ok(text.includes(`- Takes: ${takes}\n`))
    assert.ok(text.includes(`- Absent: ${absent}\n`))
    assert.ok(text.includes(`- Syntax: \`${name}=`))
    const example = /^- Example: `(.+)`$/m.exec(text)?.[1] ?? ''
    // The example is good where it stands; what it documents for a wrong value is what the parser says.
    const others = goodCmdline.split(' ').filter((word) => !word.startsWith(`${name}=`))
    parseParams([...others, example].join(' '))
    for (const [line, code] of [
      [[...others, `${name}=?`], 'cmdline-value'],
      [[...others, example, example], 'cmdline-duplicate'],
      ...(absent === 'refused' ? [[others, 'cmdline-missing'] as const] : []),
    ] as const) {
      try {
        parseParams(line.join(' '))
        assert.unreachable(line.join(' '))
      } catch (thrown) {
        assert.is((thrown as BootFault).fault?.code, code)
        assert.ok(text.includes(`\`${code}\``), `${name}: ${code} is not documented`)
      }
    }
  })

test('the picture of the boot has every kind of step', () => {
  const config = {
    ...defaultConfig,
    jobStore: 'plain' as const,
    overlays: ['/var'],
    workspaceDirectories: ['/srv'],
  }
  const workspace = { provider: 'snp', binding: 'measurement', blank: 'format' } as const
  const second = { ...workspace, provider: 'snp+tpm2' } as const
  const lasting = { ...defaultConfig, keys: { workspace, 'job-store': second } }
  for (const { kind } of [config, lasting].flatMap((one) => planBoot(parseParams(goodCmdline), one, 'own')))
    assert.match(read(), new RegExp(`^ {12}${kind} `, 'm'), kind)
  assert.ok(read().includes(statePath))
})

test('each boot that README.md shows is one boot: its time rises, its steps follow each other, it ends once', () => {
  for (const name of ['boot', 'boot-changed'])
    assert.is(mixedUp(recordedBlock(readFileSync(file('README.md'), 'utf8'), name)), undefined, name)
})

test('lines of another boot among those of one are noticed', () => {
  const step = (time: string, number: number) => `  ${time} s  [${number}/3] a step     1 ms`
  const end = '   3.0 s  handing over to /sbin/init'
  const good = [step('1.0', 1), step('2.0', 2), end]
  assert.is(mixedUp(good.join('\n')), undefined)
  for (const [lines, why] of [
    [[], /no lines/],
    [[step('1.0', 1), step('2.0', 2), step('0.5', 1), end], /time goes back/],
    [[step('1.0', 1), step('2.0', 2), step('2.5', 1), end], /step 1 of 3 follows step 2 of 3/],
    [[step('1.0', 1), step('2.0', 1), end], /follows/],
    [[step('2.0', 2), end], /steps are missing/],
    [[step('1.0', 1), end], /steps are missing/],
    [[step('1.0', 1), step('2.0', 2)], /does not end once/],
    [[...good, end], /does not end once/],
    [[...good, '   3.1 s  closed'], /does not end once/],
  ] as const)
    assert.match(mixedUp(lines.join('\n')) ?? 'one boot', why)
  assert.equal(bootsIn(`setup\n${good.join('\n')}\nnoise\n${good.join('\n')}\n`).length, 2)
})

test('documents name no tool, host or path of a machine of ours', () => {
  for (const name of ['README.md', 'kernel-cmdline.md', 'LIMITATIONS.md', 'CHANGELOG.md'])
    assert.not.match(readFileSync(file(name), 'utf8'), /\/work\/|\/root\/|\/home\/\w/)
})

test.run()
