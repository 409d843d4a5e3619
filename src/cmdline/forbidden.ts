// Words on the kernel command line that no configuration can allow: each opens a shell, prints memory, runs other code, brings
// swap or turns a protection off. Pure. The judge also refuses every other word that no list names, but for these words the
// refusal gives a better reason.

import { canonical } from './readings.ts'
import { requiredWords } from './required.ts'
import type { Word } from './split.ts'

type Row = {
  /** Names, in which `-` also stands for `_`. A `*` at one end stands for any text. */
  readonly names: readonly string[]
  readonly reason: string
  /** Values with which the word does no harm. */
  readonly harmless?: RegExp
}

const off = /^(?:0|no|false|off)$/

const shell = 'it opens a shell'
const swap = 'it brings swap, where the host can read and replay memory'
const init = 'the new init is named by INIT in partition.conf'
const skips = 'it changes what runs before or instead of the verified boot'
const steers = 'it is for a shell or for systemd, and changes what they run'
const argument = 'it is an argument for the new init'
const credentials = "it takes credentials that nobody has measured, and with them files and root's password"
const unverified = 'it opens volumes that nobody has verified'
const memory = "it prints what is in memory, keys too, on the console, which is the host's"
const debuggers = "it lets the host's console stop the kernel, and read and write its memory"
const early =
  'the kernel itself mounts that root, unverified, where the host gives the VM too little memory for the initramfs; name the root by UUID=, LABEL= or /dev/mapper/, which the kernel cannot'

const rows: readonly Row[] = [
  { names: ['init', 'rdinit', 'real-init', 'rd.distroinit'], reason: init },
  { names: ['resume', 'resume-offset', 'systemd.zram', 'rd.zram'], reason: swap },
  { names: ['systemd.swap-extra', 'rd.systemd.swap-extra'], reason: swap },
  { names: ['rd.systemd.swap'], reason: swap, harmless: off },
  { names: ['single', 's', 'S', '1', 'emergency', 'rescue', '-b'], reason: shell },
  // With a value that is no number, initramfs-tools undoes the panic= of the image, and its failures open a shell.
  { names: ['panic'], reason: shell, harmless: /^(?:-1|[0-9]{1,5})$/ },
  { names: ['rd.shell'], reason: shell, harmless: /^0$/ },
  { names: ['rd.break', 'break', 'rdshell', 'rdbreak', 'systemd.break', 'rd.systemd.break'], reason: shell },
  { names: ['systemd.debug-shell', 'systemd.crash-shell'], reason: shell, harmless: off },
  { names: ['rd.systemd.debug-shell', 'rd.systemd.crash-shell'], reason: shell },
  { names: ['systemd.default-debug-tty', 'rd.systemd.default-debug-tty'], reason: shell },
  { names: ['systemd.confirm-spawn', 'rd.systemd.confirm-spawn', 'SYSTEMD-SULOGIN-FORCE'], reason: shell },
  { names: ['systemd.ssh-auto'], reason: 'it lets the host log in, by vsock', harmless: off },
  { names: ['systemd.ssh-listen', 'rd.systemd.ssh-listen'], reason: 'it lets the host log in, by vsock' },
  {
    names: ['systemd.condition-first-boot'],
    reason: "it makes systemd ask the host's console for a password of root",
    harmless: off,
  },
  { names: ['rd.systemd.import-credentials'], reason: credentials, harmless: off },
  { names: ['systemd.set-credential', 'systemd.set-credential-binary'], reason: skips },
  { names: ['rd.systemd.set-credential', 'rd.systemd.set-credential-binary'], reason: skips },
  { names: ['systemd.unit', 'rd.systemd.unit', 'systemd.wants', 'rd.systemd.wants'], reason: skips },
  { names: ['systemd.run*', 'systemd.setenv', 'systemd.mask', 'rd.systemd.mask'], reason: skips },
  { names: ['systemd.mount-extra', 'rd.systemd.mount-extra'], reason: skips },
  {
    names: ['systemd.extra-unit.*', 'rd.systemd.extra-unit.*', 'systemd.pull', 'rd.systemd.pull'],
    reason: skips,
  },
  { names: ['systemd.verity', 'rd.systemd.verity', 'systemd.volatile'], reason: skips },
  { names: ['rd.emergency', 'rd.cmdline', 'rootfallback', 'rootovl'], reason: skips },
  // dracut knows these from version 110 on.
  { names: ['rd.live.overlay.overlayfs', 'rd.overlay*'], reason: skips },
  { names: ['boot'], reason: skips, harmless: /^cvmboot$/ },
  // With it the init of initramfs-tools writes nothing on the console, and expands PS4 before each command.
  { names: ['debug'], reason: skips },
  { names: ['PS4', 'ENV', 'BASH-ENV', 'log-output', 'SYSTEMD-*'], reason: steers },
  { names: ['cryptopts', 'rd.auto', 'rd.luks.*', 'luks.*', 'dm-mod.create'], reason: unverified },
  { names: ['mount.usr', 'usrhash', 'netroot', 'nfsroot'], reason: unverified },
  { names: ['rd.systemd.gpt-auto'], reason: unverified, harmless: off },
  { names: ['-*'], reason: argument },
  { names: ['root'], reason: early, harmless: /^(?:UUID=|LABEL=|\/dev\/mapper\/)[A-Za-z0-9._+-]{1,64}$/ },
  {
    names: ['rootfstype'],
    reason: 'with it the kernel or the initramfs mounts a directory of the host as the root',
    harmless: /^(?:auto|btrfs|erofs|ext4|squashfs|xfs)$/,
  },
  { names: ['noinitrd', 'initcall-blacklist'], reason: 'it keeps the kernel from unpacking the initramfs' },
  {
    names: ['bootconfig'],
    reason: 'it takes more kernel parameters, some of which no command line shows, from behind the initramfs',
  },
  {
    names: ['acpi-rsdp', 'efivar-ssdt'],
    reason: 'it makes the kernel run ACPI code from a place that the word names',
  },
  {
    names: ['ds', 'ci.ds', 'cloud-config-url', 'ignition.*'],
    reason: 'it names a source of programs that nobody has verified',
  },
  { names: ['mem-encrypt'], reason: 'it turns off the protection of memory', harmless: /^on$/ },
  { names: ['kgdb*', 'ekgdboc', 'nokgdbroundup', 'sysrq-always-enabled'], reason: debuggers },
  { names: ['kprobe*', 'tp-printk*', 'trace*', 'ftrace*', 'stacktrace*', 'alloc-snapshot'], reason: memory },
  { names: ['dyndbg', '*.dyndbg', 'ddebug-query', 'print-fatal-signals', 'panic-print'], reason: memory },
  { names: ['slub-debug', 'slab-debug', 'no-hash-pointers'], reason: memory },
  { names: ['hash-pointers'], reason: memory, harmless: /^(?:auto|always)$/ },
  ...requiredWords.map(({ name, same, why, ...one }) => ({
    names: [canonical(name)],
    reason: `cvmboot setup gives it as ${name}=${one.value}, and the kernel and systemd take the last one: otherwise ${why}`,
    harmless: same,
  })),
]

/** All rows. The documents print them, and a test compares. */
export const forbidden: readonly Row[] = rows
export const forbiddenNames: readonly string[] = rows.flatMap(({ names }) => names)

const isNamed = (pattern: string, name: string): boolean => {
  if (pattern.startsWith('*')) return name.endsWith(pattern.slice(1))
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

const rowsOf = (name: string): readonly Row[] =>
  name === '--' ? [] : rows.filter(({ names }) => names.some((pattern) => isNamed(pattern, canonical(name))))

/** Why nothing can allow the word, or undefined. */
export const whyNever = ({ name, value }: Pick<Word, 'name' | 'value'>): string | undefined =>
  rowsOf(name).find(({ harmless }) => value === undefined || harmless?.test(value) !== true)?.reason

/** Why nothing can allow the name with any value, or undefined. */
export const whyNeverAny = (name: string): string | undefined => rowsOf(name)[0]?.reason
