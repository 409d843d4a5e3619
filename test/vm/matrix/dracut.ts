// Rows: dracut's initramfs, with systemd as its init and with dracut's own. Words on the command line that would open a shell
// before or after the agent, and agents that crash, are killed or never end.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { flipByte, partitionOf } from '../disk.ts'
import { dracutInitramfs, type Flavour } from '../dracut.ts'
import type { Suite } from '../kernel.ts'
import { project } from '../world.ts'
import { type FrameworkRow, laidOver } from './framework.ts'
import { type Bench, type Change, plus, rootHashOf } from './row.ts'

type Image = { readonly suite: Suite; readonly flavour: Flavour }
type Files = Readonly<Record<string, string>>

const systemd12: Image = { suite: 'bookworm', flavour: 'systemd' }
const systemd13: Image = { suite: 'trixie', flavour: 'systemd' }
const shell12: Image = { suite: 'bookworm', flavour: 'shell' }
const shell13: Image = { suite: 'trixie', flavour: 'shell' }

const over =
  (image: Image, files: Files) =>
  async (bench: Bench): Promise<Change> =>
    laidOver(bench, await dracutInitramfs(image.suite, image.flavour), files)

const agent = (script: string): Files => ({ 'usr/sbin/cvmboot': `#!/bin/sh\n${script}\n` })

/** What we ship, with a limit that a test can wait for. */
const hook = readFileSync(join(project, 'dracut/50cvmboot/cvmboot.conf'), 'utf8')
const soon: Readonly<Record<Flavour, Files>> = {
  systemd: { 'etc/systemd/system/cvmboot.service.d/soon.conf': '[Service]\nTimeoutStartSec=5\n' },
  shell: { 'etc/conf.d/00-cvmboot.conf': hook.replace('KILL 4500', 'KILL 5') },
}

/** Runs beside the agent, once it has two mappings open. */
const beside = (flavour: Flavour, script: string): Files => ({
  'usr/bin/beside': `#!/bin/sh\nuntil [ -e /sys/block/dm-1 ]; do sleep 0.2; done\n${script}\n`,
  ...(flavour === 'shell'
    ? { 'etc/conf.d/00-beside.conf': '/usr/bin/beside </dev/null &\n' }
    : {
        'etc/systemd/system/initrd.target.d/beside.conf': '[Unit]\nWants=beside.service\n',
        'etc/systemd/system/beside.service':
          '[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/usr/bin/beside\n',
      }),
})
const killAgent =
  'cd /proc; for p in [0-9]*; do [ "$(readlink "$p/exe")" != /usr/sbin/cvmboot ] || kill -KILL "$p"; done'

const laterHook = (script: string): Files => ({
  'usr/lib/dracut/hooks/cmdline/50-later.sh': `${script}\n`,
})

const flipped = ({ disk }: Bench): Promise<Change> =>
  disk(async (d) => flipByte(d, (await partitionOf(d, 'root-fs')).start + 1024))
const wrongHash = ({ from }: Bench): Change => {
  const hash = rootHashOf(from.cmdline)
  const other = `${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}`
  return { cmdline: `${from.cmdline.replace(hash, other)} cvmboot.device-timeout=2` }
}

const refuses = (
  image: Image,
  words: string,
  code: FrameworkRow<Image>[1] = 'cmdline-forbidden',
): FrameworkRow<Image> => [words, code, image, plus(words)]

/**
 * The failed unit ends the machine by itself, for the reason given: the unit in the place of a shell has not been reached.
 * Only the kernel's log is looked at, since the kernel prints all of it; systemd's own words may not get to the console.
 */
const forced = (reason: string): RegExp =>
  new RegExp(
    `^(?![\\s\\S]*in the place of an error)[\\s\\S]*cvmboot: power off: the agent failed: ${reason}\\n`,
  )
const failed = /cvmboot: power off: the agent failed with status/

// Each word is refused by pure functions (test/tables/cmdline/params.test.ts). Here systemd, or dracut, acts on words before the
// agent reads the line or beside it; words of one boot act at different places.
export const systemdRows: readonly FrameworkRow<Image>[] = [
  refuses(systemd13, 'rd.shell=1 rd.emergency=reboot rd.cmdline=ask rd.systemd.debug_shell=ttyS0'),
  refuses(
    systemd12,
    'rd.break=pre-mount systemd.debug_shell=ttyS0 systemd.wants=debug-shell.service init=/bin/sh systemd.verity=0',
  ),
  refuses(systemd13, 'SYSTEMD_SULOGIN_FORCE=1 systemd.unit=emergency.target'),
  refuses(systemd13, 'systemd.mask=cvmboot.service rd.systemd.mask=cvmboot.service'),
  refuses(systemd12, 'NODE_OPTIONS=--require=/x', 'environment-hostile'),
  // systemd takes another target before it runs anything; what that would start is not there.
  refuses(systemd12, 'rd.systemd.unit=emergency.target', 'off'),
  refuses(systemd13, 'rd.systemd.unit=rescue.target', 'off'),
  ['one bit of the root', 'verity-corrupt', systemd12, flipped],
  [
    'another unit in the place of one that opens no shell',
    'initramfs-incomplete',
    systemd12,
    over(systemd12, { 'etc/systemd/system/emergency.service': '[Service]\nExecStart=/bin/sh\n' }),
  ],
  [
    'an agent that crashes (SIGSEGV)',
    'off',
    systemd13,
    over(systemd13, agent('kill -SEGV $$')),
    forced('signal, killed SEGV'),
  ],
  [
    'an agent that is asked to end (SIGTERM)',
    'off',
    systemd12,
    over(systemd12, agent('kill $$')),
    forced('signal, killed TERM'),
  ],
  ['an agent that fails', 'off', systemd13, over(systemd13, agent('exit 1')), forced('exit-code, exited 1')],
  // systemd goes on to its emergency mode, which is none.
  [
    'an agent that does nothing and says all is well',
    'off',
    systemd13,
    over(systemd13, agent('exit 0')),
    /cvmboot: power off: no shell in the place of an error\n/,
  ],
  [
    'an agent that never ends',
    'off',
    systemd12,
    over(systemd12, { ...agent('while :; do sleep 60; done'), ...soon.systemd }),
    forced('timeout, killed TERM'),
  ],
  [
    'an agent that is killed half-way (SIGKILL)',
    'off',
    systemd13,
    over(systemd13, beside('systemd', killAgent)),
    forced('signal, killed KILL'),
  ],
  [
    'an agent that gets no memory (SIGKILL)',
    'off',
    systemd12,
    over(systemd12, { 'etc/systemd/system/cvmboot.service.d/small.conf': '[Service]\nMemoryMax=16M\n' }),
    /out of memory: Killed process/,
  ],
]

export const shellRows: readonly FrameworkRow<Image>[] = [
  refuses(shell13, 'rd.shell=1 rd.emergency=reboot rd.debug'),
  refuses(shell13, 'rd.break=pre-mount rd.shell=0 rd.cmdline=ask'),
  refuses(shell12, 'rd.break=cmdline init=/bin/sh real_init=/bin/sh'),
  refuses(shell12, 'rdbreak=cmdline rdshell=1'),
  ['a wrong root hash', 'device-missing', shell12, wrongHash],
  ['an agent that crashes (SIGSEGV)', 'off', shell13, over(shell13, agent('kill -SEGV $$')), failed],
  ['an agent that fails', 'off', shell12, over(shell12, agent('exit 1')), failed],
  [
    'an agent that does nothing and says all is well',
    'off',
    shell13,
    over(shell13, agent('exit 0')),
    /cvmboot: power off: the agent did not run/,
  ],
  [
    'an agent that never ends',
    'off',
    shell12,
    over(shell12, { ...agent('while :; do sleep 60; done'), ...soon.shell }),
    failed,
  ],
  [
    'an agent that is killed half-way (SIGKILL)',
    'off',
    shell13,
    over(shell13, beside('shell', killAgent)),
    failed,
  ],
  [
    'an agent that gets no memory (SIGABRT)',
    'off',
    shell12,
    over(shell12, { 'etc/conf.d/00-before.conf': 'ulimit -v 200000\n' }),
    failed,
  ],
  [
    "a later hook that ends dracut's init",
    'off',
    shell12,
    over(shell12, { ...agent('mkdir /run/cvmboot; : >/run/cvmboot/state.json'), ...laterHook('exit 1') }),
    /cvmboot: power off: init came to an end/,
  ],
  [
    "a later hook that wants dracut's shell",
    'off',
    shell12,
    over(shell12, {
      ...agent('mkdir /run/cvmboot; : >/run/cvmboot/state.json'),
      ...laterHook('die "no root"'),
    }),
    /cvmboot: power off: no shell in the place of an error: no root/,
  ],
  // Which brings back what was overridden.
  [
    "a later hook that wants the shell of dracut's library, once another has read it again",
    'off',
    shell13,
    over(shell13, {
      ...agent('mkdir /run/cvmboot; : >/run/cvmboot/state.json'),
      ...laterHook('. /lib/dracut-lib.sh; emergency_shell "no root"'),
    }),
    /no root/,
  ],
]
