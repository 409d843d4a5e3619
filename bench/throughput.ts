// Measures the cost of a mapping after the boot, in instructions: reads through our dm-verity mapping and writes to our
// dm-crypt mapping, against mappings that veritysetup and cryptsetup make with the same parameters. Both tools refuse a
// partition that a mapping of ours holds, so the runs follow one another.

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Guest } from '../test/vm/guest.ts'
import { lastWords } from '../test/vm/guest-report.ts'
import { boot } from '../test/vm/qemu.ts'
import { otherFigures } from './budgets.ts'
import { benchDisk, ownInitramfs } from './disk.ts'
import type { PartResult } from './judge.ts'
import { shell } from './shell.ts'
import { markdown } from './table.ts'

/** The new root's init. */
const init = `${shell}
timed() { # timed NAME COMMAND...
	name=$1
	shift
	echo 3 >/proc/sys/vm/drop_caches
	from=$(clock)
	"$@" || echo "bench-failed $name"
	to=$(clock)
	echo "bench-took $name $((to - from))"
}
exec >/dev/console 2>&1
plain="--type plain --cipher aes-xts-plain64 --key-size 512 --sector-size 4096 --key-file /run/key"
dmsetup table | sed 's/^/bench-table /'
timed read-ours dd if=/dev/mapper/oem-launcher of=/dev/null bs=1M count=100 status=none
timed read-ours dd if=/dev/mapper/oem-launcher of=/dev/null bs=1M count=100 status=none
umount /mnt/nvflare/oem-launcher && dmsetup remove oem-launcher
veritysetup open --panic-on-corruption "$(partition oem-launcher)" other "$(partition oem-launcher-verity)" "$(word cvmboot.roothash.oem-launcher)"
timed read-other dd if=/dev/mapper/other of=/dev/null bs=1M count=100 status=none
timed read-other dd if=/dev/mapper/other of=/dev/null bs=1M count=100 status=none
umount /mnt/nvflare/workspace
umount /mnt/nvflare/job-store && dmsetup remove job-store
head -c 64 /dev/urandom >/run/key
cryptsetup open $plain "$(partition job-store)" other-crypt
dmsetup table | sed 's/^/bench-table /'
for round in 1 2; do
	timed write-other dd if=/dev/zero of=/dev/mapper/other-crypt bs=1M count=128 oflag=direct status=none
	timed write-ours dd if=/dev/zero of=/dev/mapper/workspace bs=1M count=128 oflag=direct status=none
done
echo bench-end
poweroff -f
`

export const throughput = async (guest: Guest, say: (progress: string) => void): Promise<PartResult> => {
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-throughput-'))
  try {
    const program = join(scratch, 'usr/sbin/init')
    await mkdir(join(scratch, 'usr/sbin'), { recursive: true })
    await writeFile(program, init)
    await chmod(program, 0o755)
    const sizes = { workspace: '256M', jobStore: '256M', launcher: 112 }
    const { disk, cmdline, config } = await benchDisk(guest, program, sizes, say)
    const initramfs = await ownInitramfs(guest, config, 'lz4', say)
    say('booting for throughput')
    const { console } = await boot({
      accelerator: 'icount',
      kernel: guest.kernel,
      initramfs,
      cmdline: `console=ttyS0 panic=-1 loglevel=4 ${cmdline}`,
      disks: [{ file: disk }],
      memoryMiB: 1024,
      timeoutSeconds: 300,
      until: /^bench-end/,
    })
    if (!/^bench-end$/m.test(console) || /bench-failed/.test(console))
      throw new Error(`no throughput; the console ends with\n${lastWords(console)}`)
    // The second round: caches and just-in-time translation are warm for both alike.
    const took = (name: string) =>
      Number([...console.matchAll(new RegExp(`bench-took ${name} (\\d+)`, 'g'))].at(-1)?.[1])
    const row = (what: string, ours: string, other: string): string[] => [
      what,
      (took(ours) / 100).toFixed(2),
      (took(other) / 100).toFixed(2),
      (took(other) / took(ours)).toFixed(3),
    ]
    const text = markdown([
      ['after the boot', 'cvmboot', 'veritysetup, cryptsetup', 'throughput ÷ (1.0 ± 0.05)'],
      row('100 MiB read through dm-verity', 'read-ours', 'read-other'),
      row('128 MiB written through dm-crypt', 'write-ours', 'write-other'),
    ])
    const figures = new Map([
      [otherFigures.reading, took('read-other') / took('read-ours')],
      [otherFigures.writing, took('write-other') / took('write-ours')],
    ])
    return { text, figures }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
