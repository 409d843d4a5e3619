// A Debian of a release with an initramfs generator and its kernel. The user's own tools in it build the initramfs that boots,
// with or without root. The Debian and each result are made once.

import { cp, lstat, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { cached } from './cache.ts'
import { debianKernel, mmdebstrap, type Suite } from './kernel.ts'
import { digest, digestTree } from './world.ts'

export type Job = {
  readonly suite: Suite
  /** What is installed beyond the essential. */
  readonly packages: readonly string[]
  /** What is laid over it, owned by root: path there (in /usr, for links at the top) -> file or tree of this machine. */
  readonly files: Readonly<Record<string, string>>
  /** Run there by sh as root. $1 is the kernel's release; what it leaves in /out is kept. */
  readonly script: string
}

/** The tree of the packages and the kernel, as a tar. */
const debian = async (
  suite: Suite,
  packages: readonly string[],
  say: (text: string) => void,
): Promise<string> => {
  const { image, config, modules } = await debianKernel(suite, say)
  const release = basename(modules)
  const hooks = [
    'mkdir -p "$1/usr/lib/modules" "$1/boot"',
    `copy-in ${modules} /usr/lib/modules`,
    `upload ${image} /boot/vmlinuz-${release}`,
    `upload ${config} /boot/config-${release}`,
  ]
  const how = ['--variant=minbase', `--include=${[...packages].sort().join(',')}`]
  const entry = await cached(`builder-${suite}`, [suite, modules, ...how, ...hooks], async (directory) => {
    say(`Debian builder (${suite})`)
    const customize = hooks.map((hook) => `--customize-hook=${hook}`)
    await mmdebstrap([...how, ...customize, suite, join(directory, 'root.tar')])
  })
  return join(entry, 'root.tar')
}

/** A directory with what the script left in /out. Throws with what it said where it failed. */
export const builtIn = async (
  name: string,
  { suite, packages, files, script }: Job,
  say: (text: string) => void,
): Promise<string> => {
  const root = await debian(suite, packages, say)
  const laidOver = Object.entries(files).sort()
  const digests = laidOver.map(async ([path, from]) => {
    const isTree = (await lstat(from)).isDirectory()
    return `${path} ${isTree ? digestTree(from) : digest(from)}`
  })
  const madeFrom = [root, script, ...(await Promise.all(digests))]
  return cached(name, madeFrom, async (directory) => {
    say(`${name} of ${suite}`)
    const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-builder-'))
    try {
      const over = join(scratch, 'over')
      for (const [path, from] of laidOver) {
        await mkdir(dirname(join(over, path)), { recursive: true })
        await cp(from, join(over, path), { recursive: true, verbatimSymlinks: true })
      }
      await mkdir(over, { recursive: true })
      // As a clone under any umask has them.
      await run('chmod', ['-R', 'u=rwX,go=rX', over])
      const tar = join(scratch, 'over.tar')
      await run('tar', ['--create', '--file', tar, '--owner=0', '--group=0', '--directory', over, '.'])
      const out = join(scratch, 'out.tar')
      const [release] = /[^/]+$/.exec((await debianKernel(suite, say)).modules) ?? []
      await mmdebstrap([
        ...['--variant=custom', '--skip=update,cleanup'],
        // Devices are made before, where they can be made.
        `--setup-hook=tar --extract --directory "$1" --file '${root}' --exclude './dev/*'`,
        `--customize-hook=tar-in ${tar} /`,
        '--customize-hook=mkdir "$1/out"',
        `--customize-hook=chroot "$1" sh -c '${script.replaceAll("'", `'\\''`)}' sh '${release}'`,
        `--customize-hook=tar-out /out ${out}`,
        ...[suite, '/dev/null'],
      ])
      await run('tar', ['--extract', '--file', out, '--directory', directory, '--strip-components=1'])
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  })
}
