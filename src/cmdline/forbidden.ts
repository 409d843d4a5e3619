// Words of others on the kernel command line that would defeat the boot: shells, swap, another init. Pure.
// The line is measured, so an owner who compares measurements sees them too; refusing says it aloud.

import type { Word } from './split.ts'

const shell = 'it opens a shell'
const swap = 'it brings swap, where the host can read and replay memory'
const init = 'the new init is named by INIT in partition.conf'
const skips = 'it changes what runs before or instead of the verified boot'

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
])

/** The refused names, as kernel-cmdline.md lists them. */
export const forbiddenNames: readonly string[] = [...names.keys()]

/** Why the word is refused, or undefined where it is none of ours to judge. */
export const forbidden = (word: Word): string | undefined => {
  // A switch that is turned off does no harm and is common in hardened command lines.
  if (word.name === 'rd.shell' && word.value === '0') return undefined
  if (/^systemd[.](?:debug|crash)[-_]shell$/.test(word.name) && /^(?:0|no|false|off)$/.test(word.value ?? ''))
    return undefined
  return names.get(word.name.replaceAll('_', '-'))
}
