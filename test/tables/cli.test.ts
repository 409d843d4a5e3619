// The command line of the executable: verbs, `--version`, `--help`, typing errors, and the exit status of each.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bootCallOf } from '../../src/cli.ts'
import { verbs } from '../../src/verbs/index.ts'

const verbNames = [
  'setup',
  'pack',
  'measure',
  'launch',
  'appraise',
  'attest',
  'plan',
  'release',
  'inspect',
  'status',
  'verify',
  'cleanup',
  'report',
  'check',
  'config',
  'owner',
  'install',
  'uninstall',
  'boot',
]

const run = (entry: string, ...args: string[]) => {
  const main = join(import.meta.dirname, '../../src', entry)
  const options = ['--disable-warning=ExperimentalWarning', main, ...args]
  return spawnSync(process.execPath, options, { encoding: 'utf8' })
}

test('without a verb, and with --help, it says what it can do', () => {
  for (const args of [[], ['--help'], ['-h']]) {
    const { stdout, status } = run('main.ts', ...args)
    assert.is(status, 0)
    for (const verb of verbNames) assert.match(stdout, new RegExp(`^  ${verb} `, 'm'))
  }
})

test('each verb explains itself', () => {
  assert.equal(Object.keys(verbs).sort(), [...verbNames].sort())
  const { stdout, status } = run('main.ts', 'status', '--help')
  assert.is(status, 0)
  assert.ok(stdout.startsWith('cvmboot status'))
})

test('--version names edition, project, commit and Node', () => {
  assert.match(run('main.ts', '--version').stdout, /^cvmboot \S+ \(git \S+, node v26\.\d+\.\d+\)\n$/)
  assert.match(run('main-mock.ts', '--version').stdout, /^cvmboot-mock /)
})

test('help and version are what people type for them', () => {
  assert.is(run('main.ts', 'help').stdout, run('main.ts', '--help').stdout)
  assert.is(run('main.ts', 'help', 'owner', 'open').stdout, run('main.ts', 'owner', 'open', '--help').stdout)
  assert.is(run('main.ts', 'help', 'status').stdout, run('main.ts', 'status', '--help').stdout)
  assert.is(run('main.ts', '-V').stdout, run('main.ts', '--version').stdout)
  assert.is(JSON.parse(run('main.ts', '--version', '--json').stdout).name, 'cvmboot')
  for (const [args, says] of [
    [['--version', '--jsno'], /usage: .*--version takes --json or nothing/],
    [['help', 'statsu'], /usage: .*no verb statsu; did you mean status\?/],
    [['--verison'], /usage: .*no option --verison; did you mean --version\?/],
    [['vefiry'], /usage: .*did you mean verify\?/],
    [['status', '--jsno'], /usage: .*status has no option --jsno; did you mean --json\?/],
    [
      ['config', 'shwo'],
      /usage: .*config takes show, diff, migrate or example, not shwo; did you mean show\?/,
    ],
    [['owner'], /usage: .*owner takes keygen or open, not nothing/],
    [['help', 'owner', 'opne'], /usage: .*did you mean open\?/],
    [['help', 'status', 'x'], /usage: .*help takes one verb, not status x/],
  ] as const) {
    const { stderr, status } = run('main.ts', ...args)
    assert.is(status, 2)
    assert.match(stderr, says)
  }
})

test('as PID 1 of a container it does what it is told, and boots nothing', () => {
  const main = join(import.meta.dirname, '../../src/main.ts')
  const options = ['--disable-warning=ExperimentalWarning', main, '--version']
  const alone = ['--pid', '--fork', '--mount-proc', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])]
  const { stdout, status } = spawnSync('unshare', [...alone, process.execPath, ...options], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  assert.is(status, 0)
  assert.match(stdout, /^cvmboot /)
})

test('an unknown verb is refused', () => {
  for (const verb of ['reboot', '__proto__', 'constructor']) {
    const { stderr, status } = run('main.ts', verb)
    assert.is(status, 2)
    assert.ok(stderr.startsWith('cvmboot: usage: cannot understand the command'), stderr)
  }
})

test('boot on a running system is refused before it does anything', () => {
  for (const args of [[], ['--hook'], ['--hook', '--check-cmdline']]) {
    const { stderr, stdout, status } = run('main.ts', 'boot', ...args)
    assert.is(status, 12)
    assert.ok(stderr.startsWith('cvmboot: environment-not-init: cannot boot a running system'), stderr)
    assert.is(stdout, '')
  }
  assert.match(run('main.ts', 'boot', '--check-cmdline').stderr, /usage: .*goes with --hook/)
})

test('the entry knows each call of boot, and leaves every other word to the verbs', () => {
  assert.equal(bootCallOf(['boot']), { pivot: 'own', do: 'boot' })
  assert.equal(bootCallOf(['boot', '--hook']), { pivot: 'framework', do: 'boot' })
  for (const args of [
    ['--hook', '--check-cmdline'],
    ['--check-cmdline', '--hook'],
  ])
    assert.equal(bootCallOf(['boot', ...args]), { pivot: 'framework', do: 'check-cmdline' })
  for (const args of [
    [],
    ['status'],
    ['--hook'],
    ...[['--help'], ['--check-cmdline'], ['--hook', '--hook'], ['--hok'], ['x']].map((more) => [
      'boot',
      ...more,
    ]),
  ])
    assert.is(bootCallOf(args), undefined, args.join(' '))
})

test.run()
