// dracut's module without a boot. The tests test/vm/dracut*.test.ts boot it.

import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../../../src/machine/exec.ts'
import { assertEnded, assertWentOn, project, runScript, shells, source } from './script.ts'

const module = 'dracut/50cvmboot'
const [conf, root, wait] = ['cvmboot.conf', 'cvmboot-root.sh', 'cvmboot-wait.sh'].map((name) =>
  source(join(module, name)),
) as [string, string, string]

test('its scripts are clean to shellcheck', async () => {
  const check = (...args: string[]) => run('shellcheck', args, { package: 'shellcheck' })
  // dracut sets variables for a module.
  await check('--exclude=SC2154', join(project, module, 'module-setup.sh'))
  for (const name of ['cvmboot.conf', 'cvmboot-root.sh', 'cvmboot-wait.sh'])
    await check(join(project, module, name))
})

test('the agent has as long under systemd as under the shell, and longer than the longest wait for a disk', () => {
  const minutes = Number(/^TimeoutStartSec=(\d+)min$/m.exec(source(join(module, 'cvmboot.service')))?.[1])
  assert.is(Number(/^timeout -s KILL (\d+) /m.exec(conf)?.[1]), minutes * 60)
  assert.ok(minutes * 60 > 3600)
})

test('the unit is done before its targets are reached, a hook of dracut runs, or a disk can be seen', () => {
  const before = [...source(join(module, 'cvmboot.service')).matchAll(/^Before=(.*)$/gm)].flatMap(
    ([, names = '']) => names.split(' '),
  )
  const hooks = ['cmdline-ask', 'cmdline', 'pre-udev', 'pre-trigger', 'initqueue', 'pre-mount', 'mount']
  for (const name of [
    ...['initrd-root-device.target', 'sysroot.mount', 'initrd-root-fs.target'],
    ...hooks.map((hook) => `dracut-${hook}.service`),
    ...[
      'systemd-udevd.service',
      'systemd-udev-trigger.service',
      'systemd-repart.service',
      'cryptsetup-pre.target',
    ],
    'systemd-pcrphase-initrd.service',
  ])
    assert.ok(before.includes(name), name)
})

const agent = (script: string) => ({ 'usr/sbin/cvmboot': `#!/bin/sh\n${script}\n` })
const booted = agent('mkdir -p /run/cvmboot; : >/run/cvmboot/state.json')
const loaded = '. /etc/conf.d/00-cvmboot.conf\n'

for (const shell of shells) {
  const init = (files: Readonly<Record<string, string>>, then: string, hook = conf) =>
    runScript(shell, { 'etc/conf.d/00-cvmboot.conf': hook, ...files }, `${loaded}${then}`)

  test(`${shell}: dracut's init goes on where the agent has booted, and ends the machine where it has not`, () => {
    assert.match(init(booted, 'echo reached').said, /^reached/)
    const soon = conf.replace('KILL 4500', 'KILL 0.2')
    for (const [script, why, hook] of [
      ['exit 3', 'the agent failed with status 3'],
      ['kill -SEGV $$', 'the agent failed with status 139'],
      ['exec /bin/sleep 60', 'the agent failed with status 137', soon],
      ['exit 0', 'the agent did not run'],
    ] as const)
      assertEnded(init(agent(script), 'echo went on', hook), why)
  })

  test(`${shell}: the end of dracut's init and each of its ways to a shell end the machine`, () => {
    assertEnded(init(booted, 'exit 0; echo went on'), 'init came to an end')
    for (const call of ['die', 'emergency_shell'])
      assertEnded(init(booted, `${call} no root; echo went on`), 'no shell in the place of an error: no root')
  })

  test(`${shell}: dracut has its root, whatever the command line names, and the agent has always run before`, () => {
    const hook = (before: string, files: Readonly<Record<string, string>> = {}) =>
      runScript(
        shell,
        { 'etc/root.sh': root, 'etc/conf.d/00-cvmboot.conf': conf, ...files },
        `root=block:/dev/vda7 fstype=virtiofs; ${before}\n. /etc/root.sh; echo $root $rootok $fstype went on`,
      )
    for (const before of ['DRACUT_SYSTEMD=1', 'cvmboot_end() { :; }']) {
      assertWentOn(hook(before))
      assert.match(hook(before).said, /^cvmboot 1 auto /)
    }
    // A dracut whose init reads no /etc/conf.d.
    assert.match(hook('', booted).said, /^cvmboot 1 auto /)
    assertEnded(hook('', agent('exit 3')), 'the agent failed with status 3')
  })

  test(`${shell}: dracut stops waiting for devices, and for nothing else`, () => {
    const queue = 'run/hooks/initqueue/finished'
    const files = {
      [`${queue}/devexists-x2fdevx2fgone.sh`]: '',
      [`${queue}/other.sh`]: '',
      'run/wait.sh': wait,
    }
    const { said } = runScript(shell, files, `hookdir=/run/hooks; . /run/wait.sh; ls /${queue}`)
    assert.is(said, 'other.sh\n')
  })
}

/** What dracut calls of a module, with the helpers it has then; what they are told is the file /out. */
const installed = (systemd: boolean, status = 0) =>
  runScript(
    'bash',
    {
      'bin/cvmboot': `#!/bin/sh\necho cvmboot "$@" >>/out\nexit ${status}\n`,
      'usr/lib/systemd/system-generators/systemd-gpt-auto-generator': '',
    },
    `initdir=/run/image moddir=/run/module srcmods=/usr/lib/modules/6 dracutsysrootdir=
    systemdutildir=/usr/lib/systemd systemdsystemunitdir=/usr/lib/systemd/system
    ${['inst_simple', 'inst_hook', 'inst_multiple', 'require_binaries', 'dfatal']
      .map((name) => `${name}() { echo ${name} "$@" >>/out; }`)
      .join('\n')}
    dracut_module_included() { [ "$1 ${systemd}" = 'systemd true' ]; }
    . ./${module}/module-setup.sh
    check; echo "check $?" >>/out; echo "depends $(depends)" >>/out
    (install); echo "install $?" >>/out
    cd $initdir 2>/dev/null && find . -type l -printf '%p -> %l\n' | sort >>/out
    grep -r . $initdir >>/out`,
  ).out.split('\n')

const hooks = [
  'inst_hook cmdline 11 /run/module/cvmboot-root.sh',
  'inst_hook initqueue/settled 00 /run/module/cvmboot-wait.sh',
]
/** What is in the image without which it shall not boot, by the arguments of pack. */
const alsoIn = (lines: readonly string[]) =>
  [...(lines.find((line) => line.startsWith('cvmboot pack '))?.matchAll(/--also=(\S+)/g) ?? [])].map(
    ([, path]) => path,
  )

test('with systemd: one unit that the root requires, and a unit or nothing in the place of all that could come before it', () => {
  const said = installed(true)
  const unit = '/usr/lib/systemd/system/cvmboot.service'
  const [units, generators] = ['/etc/systemd/system', '/etc/systemd/system-generators']
  const noShell = ['emergency', 'rescue', 'dracut-emergency', 'debug-shell'].map(
    (name) => `${units}/${name}.service`,
  )
  const links = [
    ...['dracut-rootfs-generator', 'systemd-gpt-auto-generator'].map((name) => [
      `${generators}/${name}`,
      '/dev/null',
    ]),
    ...['initrd-root-device.target', 'initrd-root-fs.target'].map((target) => [
      `${units}/${target}.requires/cvmboot.service`,
      unit,
    ]),
    ...['console', 'plymouth'].flatMap((agent) =>
      ['path', 'service'].map((kind) => [`${units}/systemd-ask-password-${agent}.${kind}`, '/dev/null']),
    ),
  ]
  assert.ok(said.includes(`inst_simple /run/module/cvmboot.service ${unit}`))
  for (const path of noShell)
    assert.ok(said.includes(`inst_simple /run/module/no-shell.service ${path}`), path)
  assert.equal(
    said.filter((line) => line.includes(' -> ')).sort(),
    links.map(([path, to]) => `.${path} -> ${to}`).sort(),
  )
  assert.equal(alsoIn(said).sort(), [unit, ...noShell, ...links.map(([path]) => path)].sort())
  for (const hook of hooks) assert.ok(said.includes(hook), hook)
})

test('without systemd: what runs the agent before the first question, and no shell by the word of dracut', () => {
  const said = installed(false)
  const own = '00-cvmboot.conf'
  for (const line of [
    'inst_multiple timeout',
    `inst_simple /run/module/cvmboot.conf /etc/conf.d/${own}`,
    `/run/image/etc/cmdline.d/${own}:rd.shell=0`,
    ...hooks,
  ])
    assert.ok(said.includes(line), line)
  assert.equal(alsoIn(said), [`/etc/conf.d/${own}`, `/etc/cmdline.d/${own}`])
})

test('it is in an image that asks for it, and there is no image where pack fails', () => {
  for (const systemd of [true, false]) {
    const said = installed(systemd)
    for (const line of ['require_binaries cvmboot', 'check 255', 'depends base', 'install 0'])
      assert.ok(said.includes(line), line)
    assert.ok(installed(systemd, 1).includes('install 1'))
    const pack =
      'cvmboot pack --into /run/image --modules /usr/lib/modules/6 --config /etc/cvmboot/partition.conf '
    assert.ok(said.some((line) => line.startsWith(pack)))
  }
  const settings = `add_dracutmodules=; ${source('dracut/50-cvmboot.conf')}\necho $add_dracutmodules $do_strip $hostonly_cmdline`
  assert.is(runScript('bash', {}, settings).said, 'cvmboot no no\n')
})

test.run()
