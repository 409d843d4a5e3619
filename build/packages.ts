// The Debian packages that the build, the tests and the demo need on this machine. Root installs the missing packages; another
// user learns the command. No other package is ever installed.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { toolPath } from '../src/machine/exec.ts'

type Need = { readonly package: string; readonly has: string; readonly for?: 'user' }

/** `has` is a program in `toolPath`, or an absolute path. */
const needs: readonly Need[] = [
  // Node 26 itself links libatomic, which a Debian without a compiler may lack.
  { package: 'libatomic1', has: '/usr/lib/x86_64-linux-gnu/libatomic.so.1' },
  // The tests use age, jq and openssl as another implementation of the owner's verbs.
  { package: 'age', has: 'age' },
  { package: 'binutils', has: 'strip' },
  { package: 'cpio', has: 'cpio' },
  { package: 'cryptsetup-bin', has: 'veritysetup' },
  // The tests check each EFI system partition with fsck.fat.
  { package: 'dosfstools', has: 'fsck.fat' },
  { package: 'e2fsprogs', has: 'mke2fs' },
  { package: 'erofs-utils', has: 'mkfs.erofs' },
  { package: 'fakeroot', has: 'fakeroot' },
  { package: 'fdisk', has: 'sfdisk' },
  // The tests try the completions in each shell; bash is always there.
  { package: 'fish', has: 'fish' },
  { package: 'groff-base', has: 'groff' },
  { package: 'jq', has: 'jq' },
  { package: 'kmod', has: 'depmod' },
  { package: 'lz4', has: 'lz4' },
  { package: 'lintian', has: 'lintian' },
  { package: 'mmdebstrap', has: 'mmdebstrap' },
  { package: 'mount', has: 'swapon' },
  { package: 'mtools', has: 'mcopy' },
  { package: 'openssl', has: 'openssl' },
  { package: 'ovmf', has: '/usr/share/OVMF/OVMF_CODE_4M.fd' },
  { package: 'python3', has: 'python3' },
  { package: 'qemu-system-x86', has: 'qemu-system-x86_64' },
  { package: 'sbsigntool', has: 'sbsign' },
  { package: 'shellcheck', has: 'shellcheck' },
  { package: 'squashfs-tools', has: 'mksquashfs' },
  { package: 'swtpm', has: 'swtpm' },
  { package: 'systemd', has: 'systemd-analyze' },
  { package: 'systemd-boot-efi', has: '/usr/lib/systemd/boot/efi/linuxx64.efi.stub' },
  { package: 'xz-utils', has: 'xz' },
  { package: 'zsh', has: 'zsh' },
  { package: 'zstd', has: 'zstd' },
  // mmdebstrap without root maps a range of user ids.
  { package: 'uidmap', has: 'newuidmap', for: 'user' },
]

const isRoot = (): boolean => process.getuid?.() === 0

const isThere = (has: string): boolean =>
  has.startsWith('/') ? existsSync(has) : toolPath.split(':').some((dir) => existsSync(join(dir, has)))

/** The packages this machine lacks. */
export const missingPackages = (): string[] =>
  needs.filter((need) => (need.for !== 'user' || !isRoot()) && !isThere(need.has)).map((need) => need.package)

/** Installs the missing packages as root. For another user it throws, and the error names the command to run. */
export const ensurePackages = (say: (line: string) => void): void => {
  const missing = missingPackages()
  if (missing.length === 0) return
  const install = ['install', '--yes', '--no-install-recommends', ...missing]
  if (!isRoot())
    throw new Error(
      `cannot go on without ${missing.join(', ')}; run\n\n  sudo sh -c 'apt-get update && apt-get ${install.join(' ')}'\n`,
    )
  say(`installing ${missing.join(' ')}`)
  for (const args of [['update'], install]) {
    const done = spawnSync('apt-get', ['--quiet', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', PATH: toolPath },
      encoding: 'utf8',
    })
    // The output of apt names the mirror, which does not belong in a log.
    const said = `${done.stdout}${done.stderr}`.replace(/\bhttps?:\/\/[^\s/]+/g, 'MIRROR')
    if (done.status !== 0)
      throw new Error(`cannot install packages: apt-get ${args[0]} failed:\n${said.slice(-2000)}`)
  }
  const still = missingPackages()
  if (still.length > 0) throw new Error(`cannot go on without ${still.join(', ')}: apt-get left them out`)
}

if (import.meta.main)
  try {
    ensurePackages((line) => process.stdout.write(`${line}\n`))
  } catch (error) {
    process.stderr.write(`cvmboot: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
