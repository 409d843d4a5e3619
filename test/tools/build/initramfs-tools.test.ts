// The hook and the scripts of initramfs-tools without a boot. The tests test/vm/initramfs-tools*.test.ts boot them.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { assertEnded, assertWentOn, runScript, shells, source } from './script.ts'

const [conf, hook, boot, premount] = [
  'conf.d/cvmboot',
  'hooks/cvmboot',
  'scripts/cvmboot',
  'scripts/init-premount/cvmboot',
].map((name) => source(`initramfs-hooks/${name}`)) as [string, string, string, string]

type Files = Readonly<Record<string, string>>
const agent = (script: string): Files => ({ 'usr/sbin/cvmboot': `#!/bin/sh\n${script}\n` })
const accepting = agent('[ "$*" != "boot --hook --check-cmdline" ] || echo accepted')
const booting = agent('[ "$*" != "boot --hook" ] || { mkdir -p /run/cvmboot; : >/run/cvmboot/state.json; }')
/** Comes back only once the script has asked for the machine's end and waits for it. */
const hanging = agent('until [ -e "$place/slept" ]; do /bin/sleep 0.05; done')
const runInit = (status: number): Files => ({
  'bin/run-init': `#!/bin/sh\necho run-init "$@"\nexit ${status}\n`,
})

for (const shell of shells) {
  const image: Files = { 'conf/conf.d/cvmboot': conf, 'scripts/cvmboot': boot }

  test(`${shell}: the first file of its init asks the agent, and ends the machine where it does not accept`, () => {
    const init = (files: Files, limit = 4500) =>
      runScript(
        shell,
        { ...image, 'conf/conf.d/cvmboot': conf.replace('LIMIT=4500', `LIMIT=${limit}`), ...files },
        '. /conf/conf.d/cvmboot; /bin/sleep 0.3; echo $BOOT $panic went on',
      )
    // As soon as it has come back nobody waits for it any longer.
    const accepted = init(accepting, 20)
    assertWentOn(accepted)
    assert.match(accepted.said, /^cvmboot 0 /)
    for (const [script, why] of [
      ['exit 3', 'the agent failed with status 3'],
      ['kill -SEGV $$', 'the agent failed with status 139'],
      ['exit 0', 'the agent did not run'],
      ['echo accepted; exit 1', 'the agent failed with status 1'],
    ] as const)
      assertEnded(init(agent(script)), why)
    const late = init(hanging, 20)
    assert.match(late.log, /^<2>cvmboot: power off: the agent did not come back within 20 seconds\n/)
    assert.match(late.sysrq, /^o\n/)
  })

  test(`${shell}: the same file only configures where the initramfs is built`, () => {
    const built = runScript(shell, { 'etc/cvmboot': conf }, '. /etc/cvmboot; echo $BOOT $panic went on')
    assertWentOn(built)
    assert.match(built.said, /^cvmboot 0 /)
  })

  test(`${shell}: the root is what the agent mounted, or the machine ends`, () => {
    const root = (files: Files, init = '/sbin/init') =>
      runScript(
        shell,
        { ...image, ...runInit(0), ...files },
        `CVMBOOT_TIME_LIMIT=20 init=${init}; . /scripts/cvmboot; mountroot; /bin/sleep 0.3; echo $rootmnt went on`,
      )
    const mounted = root(booting)
    assertWentOn(mounted)
    assert.match(mounted.said, /^run-init -n \/sysroot \/sbin\/init\n\/sysroot /)
    assertEnded(root(agent('exit 3')), 'the agent failed with status 3')
    assertEnded(root(agent('exit 0')), 'the agent did not run')
    assertEnded(root({ ...booting, ...runInit(1) }), 'the new root has no /sbin/init that run-init takes')
    assert.match(root(hanging).log, /^<2>cvmboot: power off: the agent did not come back/)
  })

  test(`${shell}: what its init would do besides is nothing, and its way to a shell ends the machine`, () => {
    const nothing = ['mount_top', 'mount_premount', 'mount_bottom', 'local_bottom', 'nfs_bottom']
    const idle = [...nothing, 'configure_networking', 'maybe_break premount']
    const calls = [...idle, '! read_fstab_entry /usr']
    const theirs = [...calls.map((call) => call.replace(/^! | .*/g, '')), 'panic']
      .map((name) => `${name}() { echo theirs: ${name}; }`)
      .join('\n')
    const after = (then: string) =>
      runScript(shell, image, `set -- --unit=rescue.target; ${theirs}\n. /scripts/cvmboot\n${then}`)
    const called = after(`${calls.join(' && ')} && echo $# went on`)
    assertWentOn(called)
    assert.is(called.said, '0 went on\n')
    assertEnded(after('panic no root; echo went on'), 'no root')
  })

  test(`${shell}: an image that is configured to boot otherwise does not`, () => {
    const guard = (before: string) =>
      runScript(shell, { ...image, 'scripts/guard': premount }, `${before}; . /scripts/guard; echo went on`)
    assertWentOn(guard('BOOT=cvmboot'))
    assertEnded(guard('BOOT=local'), 'this image has BOOT=local and not BOOT=cvmboot')
    assertEnded(guard('unset BOOT'), 'this image has BOOT= and not BOOT=cvmboot')
  })
}

const ours = ['conf.d/cvmboot', 'scripts/cvmboot', 'scripts/init-premount/cvmboot']
const inImage = (path: string): string => `run/image/${path.startsWith('conf.d') ? `conf/${path}` : path}`

/** The hook, where those files are in the image but the one that is another's. */
const build = (another: string | undefined, status: number) =>
  runScript(
    'dash',
    {
      ...agent(`echo "$@" >>/out; exit ${status}`),
      'etc/hook': hook,
      ...Object.fromEntries(
        ours.flatMap((path) => [
          [`usr/share/initramfs-tools/${path}`, 'ours\n'],
          [inImage(path), path === another ? 'theirs\n' : 'ours\n'],
        ]),
      ),
    },
    'DESTDIR=/run/image MODULESDIR=/usr/lib/modules/6; export DESTDIR MODULESDIR; sh /etc/hook',
  )

test('the hook has the agent pack itself, with all that the way to it needs', () => {
  const { status, out } = build(undefined, 0)
  assert.is(status, 0)
  const also = ['/init', '/conf/conf.d/cvmboot', '/scripts/cvmboot', '/scripts/init-premount/cvmboot']
  const from = '--modules /usr/lib/modules/6 --config /etc/cvmboot/partition.conf'
  assert.is(out, `pack --into /run/image ${from} ${also.map((path) => `--also ${path}`).join(' ')}\n`)
})

test('the hook fails, and with it the build, where the agent cannot, or another file is in place of ours', () => {
  assert.is(build(undefined, 21).status, 21)
  for (const path of ours) {
    const { status, out } = build(path, 0)
    assert.is(status, 1, path)
    assert.is(out, '')
  }
})

test('asked for what they need before them, the scripts name nothing and do nothing', () => {
  for (const script of [hook, premount]) {
    const { status, said, log, out } = runScript('dash', { 'etc/script': script }, 'sh /etc/script prereqs')
    assert.equal([status, said, log, out], [0, '\n', '', ''])
  }
})

test.run()
