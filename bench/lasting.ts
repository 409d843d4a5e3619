// Measures volumes that last: opening a volume with our codec against `cryptsetup open` of the same header in the same machine,
// and whether the cost of making a volume grows with the size of the volume.

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseState } from '../src/proof/state.ts'
import { copyOf } from '../test/vm/disk.ts'
import type { Guest } from '../test/vm/guest.ts'
import { lastWords } from '../test/vm/guest-report.ts'
import { mockSecrets } from '../test/vm/mock-secrets.ts'
import { boot } from '../test/vm/qemu.ts'
import { otherFigures } from './budgets.ts'
import { benchDisk, ownInitramfs } from './disk.ts'
import type { PartResult } from './judge.ts'
import { shell } from './shell.ts'
import { markdown } from './table.ts'

const rounds = 3

/** The new root's init: says what the boot cost. Where it is given the mock's passphrase, cryptsetup opens too. */
const init = `${shell}
at=$(clock)
exec >/dev/console 2>&1
echo "bench-up $at"
sed 's/^/bench-state /' /run/cvmboot/state.json
key=$(word bench-passphrase)
if [ -n "$key" ]; then
	perl -e 'print pack "H*", shift' "$key" >/run/key
	umount /mnt/nvflare/workspace && dmsetup remove workspace || echo bench-failed
	for round in 1 2 ${rounds}; do
		from=$(clock)
		cryptsetup open --key-file /run/key "$(partition workspace)" other || echo bench-failed
		to=$(clock)
		echo "bench-took $((to - from))"
		cryptsetup close other
	done
fi
echo bench-end
poweroff -f
`

type Told = {
  /** G instructions to the new root's init. */
  readonly whole: number
  /** Of opening the workspace; and once more by each `cryptsetup open`. */
  readonly ours: number
  readonly theirs: readonly number[]
}

export const lasting = async (guest: Guest, say: (progress: string) => void): Promise<PartResult> => {
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-lasting-'))
  try {
    const program = join(scratch, 'usr/sbin/init')
    await mkdir(join(scratch, 'usr/sbin'), { recursive: true })
    await writeFile(program, init)
    await chmod(program, 0o755)
    const machineOf = async (size: string) => {
      const sizes = { workspace: size, jobStore: '256M', keys: 'lasting' } as const
      const { disk, cmdline, config } = await benchDisk(guest, program, sizes, say)
      const initramfs = await ownInitramfs(guest, config, 'lz4', say)
      return { disk: await copyOf(disk, join(scratch, size)), cmdline, initramfs }
    }
    type Prepared = Awaited<ReturnType<typeof machineOf>>
    const start = async ({ disk, cmdline, initramfs }: Prepared, more: string): Promise<Told> => {
      const { console } = await boot({
        accelerator: 'icount',
        kernel: guest.kernel,
        initramfs,
        cmdline: `console=ttyS0 panic=-1 loglevel=4 ${cmdline} ${more}`,
        disks: [{ file: disk, writes: 'keep' }],
        memoryMiB: 1024,
        timeoutSeconds: 300,
        until: /^bench-end/,
      })
      if (!/^bench-end$/m.test(console) || /bench-failed/.test(console))
        throw new Error(`no lasting volume; the console ends with\n${lastWords(console)}`)
      const state = [...console.matchAll(/^bench-state (.*)$/gm)].map(([, line]) => `${line}\n`).join('')
      const step = parseState(state)?.steps.find(
        ({ evidence }) => evidence.kind === 'open-lasting' && evidence.volume === 'workspace',
      )
      return {
        whole: Number(/^bench-up (\d+)/m.exec(console)?.[1]) / 100,
        ours: (step?.milliseconds ?? Number.NaN) / 1000,
        theirs: [...console.matchAll(/^bench-took (\d+)/gm)].map(([, took]) => Number(took) / 100),
      }
    }
    const small = await machineOf('1G')
    say('making a lasting volume of 1G')
    const made = await start(small, '')
    say('opening it')
    const { passphrase } = await mockSecrets(small.disk, 'workspace')
    const opened = await start(small, `bench-passphrase=${passphrase.toString('hex')}`)
    const large = await machineOf('200G')
    say('making one of 200G')
    const madeLarge = await start(large, '')

    const least = Math.min(...opened.theirs)
    const opening = [
      ['a lasting volume of 1G', 'cvmboot', 'cryptsetup open', '÷'],
      ['opened', opened.ours.toFixed(3), least.toFixed(2), (opened.ours / least).toFixed(2)],
    ]
    const making = [
      ['made', 'whole boot', 'its step'],
      ...[
        ['1G', made],
        ['200G', madeLarge],
      ].map(([size, told]) => [
        size as string,
        (told as Told).whole.toFixed(2),
        (told as Told).ours.toFixed(3),
      ]),
      [
        '200G ÷ 1G (within 10 %)',
        (madeLarge.whole / made.whole).toFixed(3),
        (madeLarge.ours / made.ours).toFixed(3),
      ],
    ]
    const figures = new Map([
      [otherFigures.opening, opened.ours / least],
      [otherFigures.makingBoot, madeLarge.whole / made.whole],
      [otherFigures.makingStep, madeLarge.ours / made.ours],
    ])
    return { text: `${markdown(opening)}\n${markdown(making)}`, figures }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
