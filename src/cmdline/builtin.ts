// Words of other programs that every command line may have: a short list, with the reason why no word of it weakens a boot. Pure.

import type { Pivot } from '../system/pivot.ts'
import { canonical } from './readings.ts'
import type { Word } from './split.ts'

export type BuiltIn = {
  readonly name: string
  /** The values that the word may have. Undefined: only the bare word is built in. */
  readonly values: RegExp | undefined
  /** The same values in words, for people. */
  readonly takes: string
  /** In which initramfs the word is built in: in every one, or only in one of dracut or initramfs-tools. */
  readonly where: 'every' | 'framework'
  readonly why: string
}

const off = /^(?:0|no|false|off)$/

export const builtInWords: readonly BuiltIn[] = [
  {
    name: 'console',
    // A value with an address is not built in: `console=uart,mmio,…` makes the kernel write to memory.
    values: /^(?:[A-Za-z]{2,10}[0-9]{0,3}(?:,[0-9]{1,7}[noe]?[5-8]?r?)?)?$/,
    takes: 'the name of a console, and its speed: `ttyS0`, `ttyS0,115200n8`, `tty0`, `hvc0`; or nothing',
    where: 'every',
    why: 'the host reads every console anyway, and the boot says no secret on any',
  },
  {
    name: 'quiet',
    values: undefined,
    takes: '',
    where: 'every',
    why: 'the console shows less',
  },
  {
    name: 'loglevel',
    values: /^[0-8]$/,
    takes: 'a number from 0 to 8',
    where: 'every',
    why: 'the console shows fewer or more lines of the log, which has no secret',
  },
  {
    name: 'panic',
    values: /^(?:-1|[0-9]{1,5})$/,
    takes: '-1, or a number of seconds',
    where: 'every',
    why: 'it decides only how long a kernel that has stopped waits before it resets',
  },
  {
    name: 'nohibernate',
    values: undefined,
    takes: '',
    where: 'every',
    why: 'memory is then never written to a disk; with LOCKDOWN=none the boot asks for it',
  },
  {
    name: 'BOOT_IMAGE',
    values: /^[!-~]{1,255}$/,
    takes: 'what the boot loader took for the kernel',
    where: 'every',
    why: 'GRUB and others write it, and the kernel passes over it',
  },
  {
    name: 'initrd',
    values: /^initrd$/,
    takes: '`initrd`',
    where: 'every',
    why: 'OVMF adds it in a direct boot, for the initramfs that was measured; another value names a file on a disk, which the entry of a boot loader chooses: list that value where you trust the entry',
  },
  { name: 'rd.shell', values: /^0$/, takes: '`0`', where: 'every', why: 'dracut then opens no shell' },
  {
    name: 'systemd.debug_shell',
    values: off,
    takes: '`0`, `no`, `false` or `off`',
    where: 'every',
    why: 'systemd then opens no shell',
  },
  {
    name: 'systemd.crash_shell',
    values: off,
    takes: '`0`, `no`, `false` or `off`',
    where: 'every',
    why: 'systemd then opens no shell',
  },
  {
    name: 'systemd.condition_first_boot',
    values: off,
    takes: '`0`, `no`, `false` or `off`',
    where: 'every',
    why: 'systemd then asks nothing at the console',
  },
  {
    name: 'boot',
    values: /^cvmboot$/,
    takes: '`cvmboot`',
    where: 'framework',
    why: 'initramfs-tools then runs our boot script, as it does without the word',
  },
  {
    name: 'root',
    values: /^(?:UUID=|LABEL=|\/dev\/mapper\/)[A-Za-z0-9._+-]{1,64}$/,
    takes: '`UUID=…`, `LABEL=…` or `/dev/mapper/…`',
    where: 'framework',
    why: 'GRUB writes it; the initramfs mounts what the root hash names, and the kernel by itself cannot mount a root that is named so',
  },
  {
    name: 'rootfstype',
    values: /^(?:auto|btrfs|erofs|ext4|squashfs|xfs)$/,
    takes: '`auto`, `btrfs`, `erofs`, `ext4`, `squashfs` or `xfs`',
    where: 'framework',
    why: 'the boot looks itself which file system a verified volume has',
  },
  {
    name: 'ro',
    values: undefined,
    takes: '',
    where: 'framework',
    why: 'GRUB writes it; a verified volume is read-only in any case',
  },
  {
    name: 'rw',
    values: undefined,
    takes: '',
    where: 'framework',
    why: 'a verified volume is read-only all the same',
  },
]

const isAt = ({ where }: BuiltIn, pivot: Pivot): boolean => where === 'every' || pivot === 'framework'

/** The row of a name, with any value. */
export const builtInOf = (name: string, pivot: Pivot): BuiltIn | undefined =>
  builtInWords.find((one) => canonical(one.name) === canonical(name) && isAt(one, pivot))

export const isBuiltIn = ({ name, value }: Word, pivot: Pivot): boolean => {
  const row = builtInOf(name, pivot)
  if (row === undefined) return false
  return row.values === undefined || value === undefined ? row.values === value : row.values.test(value)
}
