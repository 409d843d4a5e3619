// Rows: initramfs-tools, whose init acts on words before it runs our boot script, and opens a shell where it can. Each row
// boots with one of the two releases, so that both releases see rows of each kind.

import { withFirst } from '../archives.ts'
import { flipByte, partitionOf } from '../disk.ts'
import { toolsInitramfs } from '../initramfs-tools.ts'
import type { Suite } from '../kernel.ts'
import type { FrameworkRow } from './framework.ts'
import { type Bench, type Change, plus, rootHashOf } from './row.ts'

type ToolsRow = FrameworkRow<Suite>

/** The initramfs with another file of conf.d, which its init sources after ours. */
const configured = (what: string, release: Suite, text: string, says: RegExp): ToolsRow => [
  what,
  'off',
  release,
  async ({ file }: Bench): Promise<Change> => {
    await withFirst(await toolsInitramfs(release), { 'conf/conf.d/other': text }, file('initramfs'))
    return { initramfs: file('initramfs') }
  },
  says,
]

/** Runs beside the agent, in $agent, once it has two mappings open. Few programs: each takes long where all is emulated. */
const meanwhile = (then: string): string => `
(
	while [ ! -e /sys/block/dm-1 ]; do sleep 1; done
	for process in /proc/[0-9]*; do
		[ ! $process/exe -ef /usr/sbin/cvmboot ] || agent=\${process#/proc/}
	done
	${then}
) &
`

/** The agent waits meanwhile, and the kernel looks for others than the taker first. */
const takeMemory = [
  'kill -STOP "$agent"; echo -1000 >/proc/self/oom_score_adj',
  'mkdir /fill; mount -t tmpfs -o size=100% fill /fill; cat /dev/zero >/fill/all',
].join('\n')

const wrongHash = (hash: string): string => `${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}`

const refuses = (release: Suite, words: string, says: RegExp): ToolsRow => [
  words,
  'cmdline-forbidden',
  release,
  plus(words),
  says,
]

// Each word is refused by pure functions (test/tables/cmdline/params.test.ts). Here the init of initramfs-tools acts on words
// before it runs our script; words of one boot act at different places.
export const toolsRows: readonly ToolsRow[] = [
  refuses('bookworm', 'break=top', /parameter break:/),
  refuses('trixie', 'break=premount', /parameter break:/),
  refuses('bookworm', 'boot=nfs root=/dev/nfs ip=dhcp break=modules', /parameter boot:/),
  refuses(
    'trixie',
    'boot=local root=/dev/vda7 debug "PS4=$(sh)" init=/bin/sh cryptopts=target=root,source=/dev/vda7',
    /parameter boot:/,
  ),
  refuses('bookworm', 'panic= break=bottom -- --unit=rescue.target', /parameter panic:/),
  refuses('bookworm', 'x="a break=premount panic=x b"', /parameter break:/),
  // The shell is klibc's, which heeds no such word; the agent's loader says what it would load, and that all is well.
  [
    'a loader that is told not to run anything',
    'off',
    'bookworm',
    plus('break=top panic= LD_TRACE_LOADED_OBJECTS=1'),
    /cvmboot: power off: the agent did not run/,
  ],
  configured(
    'an image that is configured to boot otherwise',
    'bookworm',
    'BOOT=local',
    /cvmboot: power off: this image has BOOT=local/,
  ),
  [
    'one byte of root-fs changed',
    'verity-corrupt',
    'bookworm',
    ({ disk }) => disk(async (d) => flipByte(d, (await partitionOf(d, 'root-fs')).start + 1024)),
  ],
  [
    'a wrong root hash',
    'device-missing',
    'trixie',
    ({ from }) => {
      const hash = rootHashOf(from.cmdline)
      return { cmdline: `${from.cmdline.replace(hash, wrongHash(hash))} cvmboot.device-timeout=2` }
    },
  ],
  configured(
    'an agent that crashes half-way (SIGSEGV)',
    'bookworm',
    meanwhile('kill -SEGV "$agent"'),
    /open-verity root-fs[\s\S]*power off: the agent failed with status 139/,
  ),
  configured(
    'an agent that is killed half-way (SIGKILL)',
    'trixie',
    meanwhile('kill -KILL "$agent"'),
    /open-verity root-fs[\s\S]*power off: the agent failed with status 137/,
  ),
  configured(
    'an agent that hangs for ever',
    'trixie',
    `CVMBOOT_TIME_LIMIT=20${meanwhile('kill -STOP "$agent"')}`,
    /open-verity root-fs[\s\S]*power off: the agent did not come back within 20 seconds/,
  ),
  configured(
    'memory that ends under the agent',
    'trixie',
    meanwhile(takeMemory),
    /open-verity root-fs[\s\S]*Out of memory: Killed process[\s\S]*power off: the agent failed with status 137/,
  ),
]
