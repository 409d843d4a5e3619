// Rows: initramfs-tools, whose init acts on words before it runs our boot script and opens a shell where it can. Each
// row is booted with one of the two releases.

import { withFirst } from '../archives.ts'
import { flipByte, partitionOf } from '../disk.ts'
import type { Suite } from '../kernel.ts'
import { type Bench, type Change, plus, type Row, rootHashName, rootHashOf } from './row.ts'

/** The initramfs with another file of conf.d, which its init sources after ours. */
const configured =
  (text: string, more: Readonly<Record<string, string>> = {}) =>
  async (bench: Bench): Promise<Change> => {
    const initramfs = bench.file('initramfs')
    await withFirst(bench.from.initramfs['cvmboot-mock'], initramfs, { 'conf/conf.d/other': text, ...more })
    return { initramfs }
  }

/** Runs in the background once the agent has mounted the new root, with the agent's process in $agent. */
const meanwhile = (then: string): string => `
(
	while [ ! -e /sysroot/etc ]; do sleep 1; done
	for process in /proc/[0-9]*; do
		case $(cat $process/cmdline 2>/dev/null) in */cvmboot*--hook*) agent=\${process#/proc/} ;; esac
	done
	${then}
) &
`

const wrongHash = (hash: string): string => `${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}`

const refused = 'cmdline-forbidden'

/** Alternately, so that both releases see some of each kind. */
export const toolsRows: Readonly<Record<Suite, readonly Row[]>> = {
  bookworm: [
    ['break=top', refused, plus('break=top'), /break/],
    ['boot=nfs', refused, plus('boot=nfs root=/dev/nfs ip=dhcp'), /boot/],
    ['panic= without a value', refused, plus('panic='), /panic/],
    ['break= between quotes', refused, plus('x="a break=premount panic=x b"'), /break/],
    [
      'the root hash again, as an add-on appends it',
      'cmdline-duplicate',
      (b) => plus(`${rootHashName}=\${'0'.repeat(64)}`)(b),
    ],
    // The shell is klibc's, which takes nothing from these; the agent's loader says what it would load, and that all is well.
    [
      'a loader that is told not to run anything',
      'powers off',
      plus('break=top panic= LD_TRACE_LOADED_OBJECTS=1'),
    ],
    ['an image that is configured to boot otherwise', 'powers off', configured('BOOT=local'), /BOOT=local/],
    [
      'an agent that crashes (SIGSEGV)',
      'powers off',
      configured(meanwhile('kill -SEGV "$agent"')),
      /mount-verity root-fs[\s\S]*status 139/,
    ],
    [
      'one byte of root-fs changed',
      'verity-corrupt',
      ({ disk }) => disk(async (d) => flipByte(d, (await partitionOf(d, 'root-fs')).start + 1024)),
    ],
    ['root= of others', 'boots', plus('root=/dev/vda7 rootfstype=ext4 rw'), /hand-over/],
  ],
  trixie: [
    ['break=premount', refused, plus('break=premount'), /break/],
    ['boot=local', refused, plus('boot=local root=/dev/vda7'), /boot/],
    ['init=/bin/sh', refused, plus('init=/bin/sh'), /init/],
    ['debug, with a command in PS4', refused, plus('debug "PS4=$(sh)"'), /debug/],
    ['cryptopts=', refused, plus('cryptopts=target=root,source=/dev/vda7'), /cryptopts/],
    ['systemd.unit= for PID 1 after --', refused, plus('-- --unit=rescue.target'), /--unit/],
    [
      'a wrong root hash',
      'device-missing',
      ({ from }) => ({
        cmdline: `${from.cmdline.replace(rootHashOf(from.cmdline), wrongHash(rootHashOf(from.cmdline)))} cvmboot.device-timeout=2`,
      }),
    ],
    [
      'an agent that is killed (SIGKILL)',
      'powers off',
      configured(meanwhile('kill -KILL "$agent"')),
      /mount-verity root-fs[\s\S]*status 137/,
    ],
    [
      'an agent that hangs for ever',
      'powers off',
      configured(`CVMBOOT_TIME_LIMIT=15${meanwhile('kill -STOP "$agent"')}`),
      /mount-verity root-fs[\s\S]*did not come back within 15 seconds/,
    ],
    [
      'memory that ends under the agent',
      'powers off',
      configured(meanwhile('mkdir /fill; mount -t tmpfs -o size=100% fill /fill; cat /dev/zero >/fill/all')),
      /mount-verity root-fs[\s\S]*Out of memory: Killed process[\s\S]*status 137/,
    ],
  ],
}
