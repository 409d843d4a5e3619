// A key provider is one file and one entry of a list. Neither src/ nor another file of the tests names `static`, but the fake
// machine boots with it: keys of partition.conf, plan, check, closing step, seal and faults are those of the file.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseConfig } from '../../src/config/config.ts'
import { configKeysOf } from '../../src/config/keys.ts'
import type { Edition } from '../../src/edition.ts'
import { production } from '../../src/editions/production.ts'
import { BootFault, exitStatus, say } from '../../src/fault/index.ts'
import { piecesOf } from '../../src/install/pieces.ts'
import { both } from '../../src/keys/second-factor.ts'
import { tpm2 } from '../../src/keys/tpm2.ts'
import { headerAreaBytes, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { bootedConfigPath, parseState, statePath, volumeIn } from '../../src/proof/state.ts'
import { readBooted } from '../../src/runtime/booted.ts'
import { checkVm } from '../../src/runtime/preflight.ts'
import { completeOptions } from '../../src/setup/options.ts'
import { configPath } from '../../src/system/initramfs.ts'
import { runVerb } from '../../src/verbs/index.ts'
import { askedOf, options } from '../../src/verbs/setup.ts'
import { readValues } from '../../src/verbs/table/read.ts'
import { systemOf } from '../with/recorded-system.ts'
import { booted } from './booted.ts'
import { fakeMachine, goodCmdline, goodWorld, teeOf, type World } from './machine.ts'
import { staticProvider } from './static-provider.ts'

const edition: Edition = { ...production, providers: [...production.providers, staticProvider] }

const worldWith = (config: string): World => ({ ...goodWorld(), config })
const device = '/dev/vda7'
const areaOf = (world: World, at = 0): Buffer =>
  fakeMachine(world).machine.read(device, BigInt(at), headerAreaBytes)

const opens = async (world: World, by = edition) => {
  const result = await booted(world, by)
  assert.is(result.halt, undefined)
  assert.is(result.ended, 'switch-root')
  const state = parseState(result.files.get(statePath) ?? '')
  return { ...result, opened: state && volumeIn(state, 'workspace')?.opened }
}

test('the first boot makes the volume by the words of partition.conf, and the second finds it', async () => {
  const world = worldWith('WORKSPACE_KEY=static\nSTATIC_WORD=plugh\n')
  const first = await opens(world)
  assert.is(first.opened?.kind === 'open-lasting' && first.opened.provisioned, 'yes')
  assert.is(first.opened?.kind === 'open-lasting' && first.opened.key, 'static')
  const { tee } = parseLuks2(areaOf(world), 'workspace', 'xts').header.tokens ?? {}
  assert.equal(Object.keys(tee?.sealed ?? {}), ['static'])
  const { opened } = await opens(world)
  assert.is(opened?.kind === 'open-lasting' && opened.provisioned, 'no')
})

test('the verbs of the running VM read the configuration with the providers of their build', async () => {
  const config = 'WORKSPACE_KEY=static\nSTATIC_WORD=plugh\n'
  const { files } = await opens(worldWith(config))
  const system = systemOf({
    kernel: '6.12',
    texts: { ...Object.fromEntries(files), '/proc/cmdline': `${goodCmdline}\n`, [bootedConfigPath]: config },
  })
  const { plan } = readBooted(system, undefined, edition.providers)
  assert.ok(plan.some((step) => step.kind === 'open-lasting' && step.policyWords.includes('word=plugh')))
  assert.throws(() => readBooted(system, undefined), /config-unknown|config-value/)
})

/** The standard output of a verb of this edition, in one line of text. */
const said = async (...words: readonly string[]): Promise<string> => {
  const { write } = process.stdout
  let text = ''
  process.stdout.write = (some) => {
    text += some
    return true
  }
  try {
    await runVerb(words, edition)
  } finally {
    process.stdout.write = write
  }
  return text.replace(/\s+/g, ' ')
}

const withFile = async (work: (file: string, directory: string) => Promise<void>): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'cvmboot-static-'))
  try {
    const file = join(directory, 'partition.conf')
    writeFileSync(file, 'WORKSPACE_KEY=static\nSTATIC_WORD=plugh\n')
    await work(file, directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const codeOf = (thrown: unknown): string => (thrown instanceof BootFault ? thrown.fault.code : `${thrown}`)
/** The code with which some work fails; undefined where it does not fail. */
const codeFrom = async (work: () => unknown): Promise<string | undefined> => {
  try {
    await work()
    return undefined
  } catch (thrown) {
    return codeOf(thrown)
  }
}
/** The code of a configuration with a key that the build does not know. */
const unread = 'config-unknown'

test('the verb config shows, compares and explains its keys', async () => {
  await withFile(async (file) => {
    assert.match(await said('config', 'show', file), /WORKSPACE_KEY=static .*STATIC_WORD=plugh /)
    assert.match(await said('config', 'diff', file), /STATIC_WORD \(nothing\) -> plugh/)
    assert.match(await said('config', 'migrate', file), /STATIC_WORD=plugh /)
    assert.match(await said('config', 'example'), /#STATIC_WORD=xyzzy/)
    for (const words of [
      ['show', file],
      ['diff', file],
      ['diff', file, file],
    ])
      assert.is(await codeFrom(() => runVerb(['config', ...words], production)), unread)
  })
})

test('setup writes a configuration that the boot of its build reads', async () => {
  await withFile(async (file, directory) => {
    const none = join(directory, 'none')
    const sources = ['--root-fs', none, '--oem-launcher', none, '--os-config', none]
    const words = ['setup', ...sources, '--disk', join(directory, 'disk.img'), '--config', file]
    // The configuration is read first, and the sources are not there.
    assert.is(await codeFrom(() => runVerb(words, edition)), 'source-missing')
    assert.is(await codeFrom(() => runVerb(words, production)), unread)
    const given = readValues('setup', words.slice(1), { options, words: {} })
    const { configText } = completeOptions(askedOf(given), {}, edition.providers)
    assert.match(configText, /^STATIC_WORD=plugh$/m)
  })
})

test('install takes a configuration with its keys for the generator', async () => {
  await withFile(async (config, root) => {
    const settings = async (given: string | undefined, { providers }: Edition) => {
      const wish = {
        root,
        executable: '/bin/true',
        into: ['dracut'],
        left: new Map(),
        help: new Map(),
      } as const
      const piece = (await piecesOf({ ...wish, config: given, providers })).get(configPath)?.content
      return piece !== undefined && 'text' in piece ? piece.text : ''
    }
    assert.match(await settings(config, edition), /^STATIC_WORD=plugh$/m)
    assert.match(await settings(undefined, edition), /^#STATIC_WORD=xyzzy$/m)
    assert.is(await codeFrom(() => settings(config, production)), unread)
  })
})

test('the plan has the words of its policy and its closing step', async () => {
  const { lines } = await opens(worldWith('WORKSPACE_KEY=static\nSTATIC_WORD=plugh\n'))
  const plan = lines.flatMap(({ line }) => /^plan \d+: (.*)$/.exec(line)?.[1] ?? [])
  assert.ok(
    plan.includes(
      'open-lasting workspace on PARTLABEL=workspace key=static bound-to=measurement,root-hashes blank=format word=plugh cipher=aes-xts-plain64 sector-size=4096 within=30s',
    ),
    plan.join('\n'),
  )
  assert.ok(plan.includes('close-tee remove sev_guest'))
})

test('the verb plan of a build that has it prints its words', async () => {
  await withFile(async (file) => {
    const text = await said('plan', '--cmdline', goodCmdline, '--config', file)
    assert.ok(text.includes(' key=static bound-to=measurement,root-hashes blank=format word=plugh '), text)
  })
})

test('its closing step is done, and so ends the boot where it fails', async () => {
  const world = worldWith('WORKSPACE_KEY=static\n')
  assert.ok((await opens(world)).effects.includes('closeTee'))
  const { halt } = await booted({ ...world, closeTee: 'built in' }, edition)
  assert.match(halt ?? '', /^halt: tee-stays: /)
})

test('its keys of partition.conf take what it says, only where a volume has its key', () => {
  const parse = (text: string) => parseConfig(text, 'partition.conf', edition.providers)
  assert.equal(parse('STATIC_WORD=plugh\nJOBSTORE_KEY=static').keys['job-store'], {
    ...staticProvider.defaults,
    word: 'plugh',
  })
  for (const [text, expected] of [
    ['WORKSPACE_KEY=static\nSTATIC_WORD=7', 'lower-case letters; only with a KEY of static'],
    ['STATIC_WORD=plugh', 'lower-case letters; only with a KEY of static'],
    [
      'WORKSPACE_KEY=static\nWORKSPACE_BIND=id-block',
      'WORKSPACE_KEY=snp; only with a WORKSPACE_KEY that lasts',
    ],
    [
      'WORKSPACE_KEY=fixed',
      'snp+tpm2 (of both), release (of the owner of the volume) or static (of partition.conf)',
    ],
  ] as const)
    assert.throws(
      () => parse(text),
      (thrown: Error) => thrown.message.includes(expected),
      text,
    )
  assert.ok(configKeysOf(edition.providers).some(({ key }) => key === 'STATIC_WORD'))
})

test('a build whose list does not have it takes neither its word nor its keys', async () => {
  for (const [config, code] of [
    ['WORKSPACE_KEY=static\n', 'config-value'],
    ['STATIC_WORD=plugh\n', 'config-unknown'],
  ] as const) {
    const { halt, effects } = await booted(worldWith(config))
    assert.match(halt ?? '', new RegExp(`^halt: ${code}: `))
    assert.equal(effects, ['start', 'wipe', 'end halt'])
  }
})

test('check asks what the provider asks, and fails with a fault of its family', () => {
  const config = parseConfig('WORKSPACE_KEY=static\n', 'partition.conf', edition.providers)
  const found = (names: readonly string[]) =>
    checkVm(systemOf({ kernel: '6.12.1', texts: {}, directories: { '/sys/class': names } }), {
      config,
      modules: '/lib/modules/6.12.1',
      disk: undefined,
      providers: edition.providers,
    }).filter(({ subject }) => subject === 'workspace')
  const [lacking] = found([])
  assert.is(lacking?.result, 'bad')
  if (lacking?.result !== 'bad') return
  assert.is(
    say(lacking.fault),
    'static-none: cannot make a key by static for workspace: there is no /sys/class/static; start the VM with one',
  )
  assert.is(exitStatus(lacking.fault), 99)
  assert.equal(
    found(['static']).map(({ result }) => result),
    ['good'],
  )
})

test('another word halts with its fault, and nothing is written', async () => {
  const world = worldWith('WORKSPACE_KEY=static\n')
  await opens(world)
  world.config = 'WORKSPACE_KEY=static\nSTATIC_WORD=plugh\n'
  const { halt, effects } = await booted(world, edition)
  assert.is(
    halt,
    'halt: static-word: cannot open workspace: it was made with another word; set STATIC_WORD to the word that the volume was made with',
  )
  assert.not.ok(effects.some((effect) => effect.startsWith('write ')))
})

test('a header in the spare area that it refuses counts for nothing, since its family is about headers', async () => {
  const [world, other] = [
    worldWith('WORKSPACE_KEY=static\n'),
    worldWith('WORKSPACE_KEY=static\nSTATIC_WORD=plugh\n'),
  ]
  await opens(world)
  await opens(other)
  fakeMachine(world).machine.write(device, BigInt(headerAreaBytes), areaOf(other))
  await opens(world)
})

test('with a second factor it is one provider, and the token has both seals by name', async () => {
  const pair = both(staticProvider, tpm2)
  assert.is(pair.name, 'static+tpm2')
  const { policy, ...rest } = { policy: pair.defaults, volume: 'workspace' } as const
  const { machine } = fakeMachine(goodWorld())
  const made = await pair.create({ ...rest, policy }, teeOf(machine), undefined)
  assert.equal(Object.keys(made.sealed), ['static', 'tpm2'])
  assert.ok(pair.isSeal(made.sealed))
  const found = await pair.recover({ ...rest, policy }, teeOf(machine), made.sealed)
  assert.equal([found.secret.bytes, found.age], [made.secret.bytes, 'current'])
  assert.equal(pair.closing, ['close-tee', 'close-tpm'])
  assert.equal(pair.print(policy), ['word=xyzzy', 'pcrs=4,9,11,12 srk=of-the-header'])
})

test('of two providers either one can have the volume sealed anew', async () => {
  const { machine } = fakeMachine(goodWorld())
  const aged = (age: 'current' | 'older'): typeof staticProvider => ({
    ...staticProvider,
    recover: async (owned, tee, sealed) => ({ ...(await staticProvider.recover(owned, tee, sealed)), age }),
  })
  const named = (name: string, age: 'current' | 'older'): typeof staticProvider => ({
    ...aged(age),
    name,
    isSeal: () => true,
    create: async (owned, tee, before) => {
      const { secret, sealed } = await staticProvider.create(owned, tee, before)
      return { secret, sealed: { [name]: sealed['static'] ?? {} } }
    },
    recover: async (owned, tee, sealed) => aged(age).recover(owned, tee, { static: sealed[name] ?? {} }),
  })
  for (const [one, other] of [
    ['current', 'current'],
    ['older', 'current'],
    ['current', 'older'],
  ] as const) {
    const pair = both(named('one', one), named('other', other))
    const owned = { volume: 'workspace', policy: pair.defaults } as const
    const { sealed } = await pair.create(owned, teeOf(machine), undefined)
    const { age } = await pair.recover(owned, teeOf(machine), sealed)
    assert.is(age, one === other ? 'current' : 'older')
  }
})

test('no other file names it', () => {
  const top = join(import.meta.dirname, '../..')
  for (const directory of ['src', 'test', 'build'])
    for (const entry of readdirSync(join(top, directory), { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || !path.endsWith('.ts') || /static-provider(?:\.test)?\.ts$/.test(path)) continue
      assert.not.match(readFileSync(path, 'utf8'), /KEY=static|STATIC_WORD|staticProvider/, path)
    }
})

test.run()
