// Words of others on the kernel command line that would defeat the boot: shells, swap, another init. Pure.
// The line is measured, so an owner who compares measurements sees them too; refusing says it aloud.

import { splitCmdline, type Word } from './split.ts'

const shell = 'it opens a shell'
const swap = 'it brings swap, where the host can read and replay memory'
const init = 'the new init is named by INIT in partition.conf'
const skips = 'it changes what runs before or instead of the verified boot'
const steers = 'it is for a shell or for systemd, and changes what they run'
const argument = 'it is an argument for the new init'
const credentials = "it takes credentials that nobody has measured, and with them files and root's password"
const unverified = 'it opens volumes that nobody has verified'

/** Names with `-`, which also stands for `_`. */
const names: ReadonlyMap<string, string> = new Map([
  ['init', init],
  ['rdinit', init],
  ['resume', swap],
  ['resume-offset', swap],
  ['systemd.swap-extra', swap],
  ['rd.systemd.swap-extra', swap],
  ['systemd.zram', swap],
  ['rd.zram', swap],
  ['single', shell],
  ['s', shell],
  ['S', shell],
  ['1', shell],
  ['emergency', shell],
  ['rescue', shell],
  ['-b', shell],
  ['rd.shell', shell],
  ['rd.break', shell],
  ['rd.emergency', skips],
  ['rd.cmdline', skips],
  ['break', shell],
  ['systemd.debug-shell', shell],
  ['rd.systemd.debug-shell', shell],
  ['systemd.default-debug-tty', shell],
  ['rd.systemd.default-debug-tty', shell],
  ['systemd.crash-shell', shell],
  ['rd.systemd.crash-shell', shell],
  ['systemd.break', shell],
  ['rd.systemd.break', shell],
  ['systemd.confirm-spawn', shell],
  ['systemd.import-credentials', credentials],
  ['rd.systemd.import-credentials', credentials],
  ['systemd.condition-first-boot', "it has the host's console asked for a password of root"],
  ['SYSTEMD-SULOGIN-FORCE', shell],
  ['systemd.unit', skips],
  ['rd.systemd.unit', skips],
  ['systemd.run', skips],
  ['systemd.wants', skips],
  ['rd.systemd.wants', skips],
  ['systemd.setenv', skips],
  ['systemd.mount-extra', skips],
  ['rd.systemd.mount-extra', skips],
  ['systemd.set-credential', skips],
  ['systemd.set-credential-binary', skips],
  ['systemd.verity', skips],
  ['rd.systemd.verity', skips],
  ['rootfallback', skips],
  ['boot', skips],
  ['cryptopts', unverified],
  // initramfs-tools: its init then says nothing on the console, and expands PS4 before each command.
  ['debug', skips],
  ['PS4', steers],
  ['ENV', steers],
  ['BASH-ENV', steers],
  ['log-output', steers],
  // dracut: names of older versions, other inits, volumes that nobody has verified, a layer over the root.
  ['rdshell', shell],
  ['rdbreak', shell],
  ['real-init', init],
  ['rd.distroinit', init],
  ['rd.auto', unverified],
  ['rootovl', skips],
  ['rd.live.overlay.overlayfs', skips],
  ['systemd.mask', skips],
  ['rd.systemd.mask', skips],
  ['systemd.volatile', skips],
])
/** The same, by how names begin. A word without a dot reaches the init of the initramfs, and the one after it. */
const beginnings: ReadonlyMap<string, string> = new Map([
  ['SYSTEMD-', steers],
  ['-', argument],
  ['rd.luks.', unverified],
  ['luks.', unverified],
  // From dracut 110 on.
  ['rd.overlay', skips],
])

/** The refused names, as kernel-cmdline.md lists them; `*` stands for any end. */
export const forbiddenNames: readonly string[] = [
  ...names.keys(),
  ...[...beginnings.keys()].map((beginning) => `${beginning}*`),
]

const switches =
  /^systemd[.](?:debug[-_]shell|crash[-_]shell|condition[-_]first[-_]boot|import[-_]credentials)$/

const off = /^(?:0|no|false|off)$/

/** Why the word is refused, or undefined where it is none of ours to judge. */
const forbidden = (word: Word): string | undefined => {
  // A switch that is turned off does no harm and is common in hardened command lines.
  if (word.name === 'rd.shell' && word.value === '0') return undefined
  if (switches.test(word.name) && off.test(word.value ?? '')) return undefined
  if (word.name === 'boot' && word.value === 'cvmboot') return undefined
  // To the kernel it is nothing; to initramfs-tools it takes back what an image has said.
  if (word.name === 'panic' && !word.value) return shell
  if (word.name === '--') return undefined
  const name = word.name.replaceAll('_', '-')
  return names.get(name) ?? [...beginnings].find(([beginning]) => name.startsWith(beginning))?.[1]
}

/**
 * The first word of a command line that is refused, and why. Quotes are the kernel's: shells split within them, and
 * systemd takes those in the middle of a word, and single ones, away. So what any of them would read counts.
 */
export const forbiddenIn = (cmdline: string): { parameter: string; reason: string } | undefined => {
  for (const reading of [cmdline, cmdline.replace(/["']/g, ' '), cmdline.replace(/["']/g, '')])
    for (const word of splitCmdline(reading)) {
      const reason = forbidden(word)
      if (reason !== undefined) return { parameter: word.name, reason }
    }
  return undefined
}

/** The one word of another that has to be there. */
export const noCredentials = 'systemd.import_credentials=no'

/**
 * Whether systemd, in the initramfs or in the new root, may take credentials from the host, by SMBIOS or fw_cfg, which
 * nobody measures: it does unless it is told not to, and writes files and sets root's password as they say.
 */
export const takesCredentials = (cmdline: string): boolean =>
  !splitCmdline(cmdline).some(
    ({ name, value, forInit }) =>
      !forInit && /^systemd[.]import[-_]credentials$/.test(name) && off.test(value ?? ''),
  )
