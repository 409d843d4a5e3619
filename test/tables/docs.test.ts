// The pages and the source say the same. The tests make the tables of the pages from the source: UPDATE_DOCS=1 writes them anew.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { builtInWords } from '../../src/cmdline/builtin.ts'
import { forbidden } from '../../src/cmdline/forbidden.ts'
import { parameters } from '../../src/cmdline/params.ts'
import { printRequired, requiredWords } from '../../src/cmdline/required.ts'
import { parseConfig } from '../../src/config/config.ts'
import { configKeys } from '../../src/config/keys.ts'
import { defaultConfig } from '../../src/config/settings.ts'
import { families } from '../../src/fault/families.ts'
import type { Family } from '../../src/fault/family.ts'
import { type BootFault, describeFault, type FaultCode } from '../../src/fault/index.ts'
import { formats } from '../../src/inspect/formats.ts'
import {
  areaOffset,
  binaryBytes,
  dataOffset,
  headerAreaBytes,
  headerBytes,
  jsonBytes,
  macOffset,
  type Slot,
} from '../../src/layout/luks2/profile.ts'
import { limits } from '../../src/machine/limits.ts'
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
import { ringNames, rings } from '../rings.ts'
import { bootRecorded } from '../with/golden-machine.ts'
import { anchorOf, framed, readPage, samePart, table } from '../with/pages.ts'
import { parseParams } from '../with/params.ts'
import { type Recorded, systemOf } from '../with/recorded-system.ts'
import { bootsIn, inShort, mixedUp, recordedBlock } from '../with/shown-boot.ts'

const cmdlinePage = 'kernel-cmdline.md'
const configPage = 'docs/reference/partition.conf.md'
const refusalsPage = 'docs/reference/refusals.md'
const operatePage = 'docs/operate.md'
const tutorialPage = 'docs/tutorial.md'

test("the words of others are the source's: required, built-in, and those that no list can allow", () => {
  const required = requiredWords.map((one) => [`\`${printRequired(one)}\``, one.why])
  samePart(cmdlinePage, 'required', table(['word', 'without it'], required))
  const builtIn = builtInWords.map(({ name, values, takes, where, why }) => {
    const word = values === undefined ? `\`${name}\`` : `\`${name}=\``
    return [word, takes, where === 'every' ? 'every' : 'dracut, initramfs-tools', why]
  })
  const heads = ['word', 'takes', 'in which initramfs', 'why it cannot weaken a boot']
  samePart(cmdlinePage, 'built-in', table(heads, builtIn))
  const key = (one: (typeof forbidden)[number]): string => `${one.reason} ${one.harmless}`
  const never = [...new Set(forbidden.map(key))].map((same) => {
    const rows = forbidden.filter((one) => key(one) === same)
    const names = rows.flatMap((one) => one.names).map((name) => `\`${name}\``)
    const fine = rows[0]?.harmless?.source
    return [names.join(' '), rows[0]?.reason ?? '', fine === undefined ? '' : `\`${fine}\``]
  })
  samePart(cmdlinePage, 'forbidden', table(['words', 'why', 'unless its value matches'], never))
})

test("the keys of partition.conf are the source's, with what they take and their defaults", () => {
  const rows = configKeys.map(({ key, aliases, expected, print }) => {
    const names = [key, ...aliases.map((alias) => `[${alias}]`)].join(' ')
    return [names, expected, print(defaultConfig)]
  })
  samePart(configPage, 'config', table(['key', 'takes', 'default'], rows))
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
    return [`\`${name}\``, `\`${chosen.get(name)}\``, key, missing[absent], why]
  })
  const heads = ['setting', 'value', 'key', 'a kernel without it', 'what it keeps away']
  samePart(configPage, 'settings', table(heads, rows))
  const decided = generators.map(({ name, decision, why }) => [`\`${name}\``, decision, why])
  samePart(configPage, 'generators', table(['generator', 'here', 'why'], decided))
  const masked = agents.map(({ unit, why }) => [`\`${unit}\``, why])
  samePart(configPage, 'agents', table(['unit', 'why'], masked))
})

/** Settings that have a key of their own. */
const keysOfSettings: Readonly<Record<string, string>> = {
  'kernel.yama.ptrace_scope': 'PTRACE_SCOPE',
  lockdown: 'LOCKDOWN',
  hibernation: 'LOCKDOWN',
  'kernel.modules_disabled': 'MODULES_AFTER_BOOT',
}

test("what os-config may not have is the source's", () => {
  for (const [name, paths] of [
    ['guards', guards],
    ['cautions', cautions],
  ] as const) {
    const reasons = [...new Set(paths.map(({ reason }) => reason))]
    const rows = reasons.map((reason) => [
      paths
        .filter((guard) => guard.reason === reason)
        .map(({ path }) => `\`${path}\``)
        .join(' '),
      reason,
    ])
    samePart(configPage, name, table(["in os-config's `etc`", 'why'], rows))
  }
})

test("the formats that inspect knows are the source's", () => {
  const rows = formats.map(({ kind, name, advice }) => [`\`${kind}\``, name, advice('FILE')])
  samePart('docs/reference/inspect.md', 'formats', table(['kind', 'what it is', 'what to do'], rows))
})

test("the refusals are the source's: each family has its heading, in its order, and each heading its family", () => {
  const named = Object.entries<Family>(families)
  const headings = [...readPage(refusalsPage).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
  assert.equal(
    headings.slice(0, -1),
    named.map(([, { title }]) => title),
  )
  const list = named.map(([, { title, exit }]) => [`[${title}](#${anchorOf(title)})`, `${exit}`])
  samePart(refusalsPage, 'families', table(['family', 'exit status'], list))
  for (const [name, { rows }] of named) {
    const cells = Object.keys(rows)
      .map((code) => describeFault(code as FaultCode))
      .map(({ code, means, advice }) => [`\`${code}\``, means, advice ?? ''])
    samePart(refusalsPage, `faults-${name}`, table(['code', 'what it means', 'what to do'], cells))
  }
})

test("the limits of what is read are the source's", () => {
  const rows = Object.entries(limits).map(([name, { of, most, unit }]) => [
    `\`${name}\``,
    of,
    `${most} ${unit}`,
  ])
  samePart(refusalsPage, 'limits', table(['limit', '', 'at most'], rows))
})

const number = (bytes: number): string => `${bytes}`

test("the parts of a LUKS2 header are the source's", () => {
  const slot = (which: Slot): string =>
    areaOffset('xts', which) === areaOffset('xts-hmac', which)
      ? number(areaOffset('xts', which))
      : `${areaOffset('xts', which)}, with \`xts-hmac\` ${areaOffset('xts-hmac', which)}`
  const rows = [
    ['0', `first header: ${binaryBytes} bytes in binary, ${jsonBytes} bytes of JSON text`],
    [number(headerBytes), 'second header: the same, except magic, place, salt and checksum'],
    [slot(0), 'keyslot 0: the volume key, for the passphrase of the TEE'],
    [slot(1), 'keyslot 1: the volume key, for the passphrase of the owner, if there is an owner'],
    [
      number(macOffset),
      'MAC block: the title `cvmboot MAC 3` in 16 bytes, 32 bytes of MAC of the TEE, 32 bytes of MAC of the owner, 96 bytes of masked volume key, then zeroes',
    ],
    [number(headerAreaBytes), 'spare area: a new header is written here first; zeroes at other times'],
    [number(dataOffset), 'data, to the end of the partition'],
  ]
  samePart('docs/reference/luks2.md', 'header-bytes', table(['from byte', 'what lies there'], rows))
})

const sceneFrom = (recorded: Recorded) => {
  const system = systemOf(recorded)
  const { plan, state } = readBooted(system, undefined)
  return sceneOf(system, plan, state)
}
/** A page shows this width without scrolling. test/vm/running.test.ts has a machine print the same. */
const page = screenOf({ isTTY: true, columns: 100 }, { NO_COLOR: '1' })

test('what status and verify print of a real machine is on its page', () => {
  const scene = sceneFrom(bootRecorded())
  samePart(operatePage, 'status', framed(printOverview(overviewOf(scene), page)))
  samePart(operatePage, 'verify', framed(printFindings(compare(scene), page)))
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
  samePart(operatePage, 'verify-difference', framed(difference ?? ''))
})

/** What the shell scripts said, and what is said instead. */
const troubles: readonly (readonly [string, readonly FaultCode[]])[] = [
  ['Not running in a Confidential VM', ['cvm-absent', 'cvm-paravisor']],
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
      return [i === 0 ? said : '', `\`${code}\``, says]
    }),
  )
  samePart(operatePage, 'troubles', table(['the scripts said', 'now', 'says'], rows))
})

test("the parameters are the source's", () => {
  const rows = parameters.map(({ name, takes, absent }) => [
    `[\`${name}\`](#${anchorOf(name)})`,
    takes,
    absent,
  ])
  samePart(cmdlinePage, 'parameters', table(['parameter', 'takes', 'absent'], rows))
})

test('every parameter has its heading, and every heading its parameter', () => {
  const headings = [...readPage(cmdlinePage).matchAll(/^### `(cvmboot\..+)`$/gm)].map((match) => match[1])
  assert.equal(
    headings,
    parameters.map((p) => p.name),
  )
})

const paragraph = (name: string): string => {
  const [, text = ''] = readPage(cmdlinePage).split(`### \`${name}\`\n`)
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
    jobStore: 'none' as const,
    overlays: ['/var'],
    workspaceDirectories: ['/srv'],
  }
  const lasting = parseConfig('WORKSPACE_KEY=snp\nJOBSTORE_KEY=snp+tpm2\n')
  for (const { kind } of [config, lasting].flatMap((one) => planBoot(parseParams(goodCmdline), one, 'own')))
    assert.match(readPage('docs/architecture.md'), new RegExp(`^ {12}${kind} `, 'm'), kind)
  assert.ok(readPage('docs/architecture.md').includes(statePath))
})

test("the rings of tests are the source's", () => {
  const rows = ringNames.map((name) => [`\`test/${name}/\``, rings[name].about, rings[name].stage])
  samePart('CONTRIBUTING.md', 'rings', table(['ring', 'what its tests are about', 'stage'], rows))
})

test('each recorded boot is one boot: its time rises, its steps follow each other, it ends once', () => {
  for (const name of ['boot', 'boot-changed'])
    assert.is(mixedUp(recordedBlock(readPage(tutorialPage), name)), undefined, name)
})

test('README.md shows the recorded boots in short', () => {
  const whole = recordedBlock(readPage(tutorialPage), 'boot')
  samePart('README.md', 'short-boot', framed(inShort(whole, /require-cvm|open-|handing over/)))
  samePart('README.md', 'short-changed', framed(recordedBlock(readPage(tutorialPage), 'boot-changed')))
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

test.run()
