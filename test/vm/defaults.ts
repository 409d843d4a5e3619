// A machine with the default configuration except for sizes. Its root is a Debian as the packages leave it: nothing in it is
// masked. The tree defaults/root-fs adds a unit that writes the running services to the console, and then shuts the machine
// down.

import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensurePackages } from '../../build/packages.ts'
import { run as tool } from '../../src/machine/exec.ts'
import { cached } from './cache.ts'
import { dracutWith } from './dracut.ts'
import { debianGuest, type Guest, type Kind } from './guest.ts'
import { toolsWith } from './initramfs-tools.ts'
import type { Suite } from './kernel.ts'
import type { Boot } from './qemu.ts'
import { addTo, type Part, readParts, units as unitsThere } from './running.ts'
import { build, digest, digestTree, executable, pack, power, say, setup, trees } from './world.ts'

const tree = join(import.meta.dirname, 'defaults')

/** All that the configuration says: a small disk, memory that a small machine has, and the word that saves the tests time. */
const sizes =
  'WORKSPACE_SIZE=256M\nJOBSTORE_SIZE=64M\nTMPFS_SIZE=64M\nOVERLAY_SIZE=128M\nCMDLINE_WORDS="cryptomgr.notests no_timer_check"\n'

/** Whose init pivots: ours, or that of an initramfs that the generator makes. */
export type Generator = 'pack' | 'dracut' | 'initramfs-tools'

export type Ordinary = { readonly suite: Suite; readonly kind: Kind; readonly generator: Generator }

const initramfsBy: Readonly<
  Record<Generator, (guest: Guest, suite: Suite, entry: string) => Promise<string>>
> = {
  pack: async (guest, suite, entry) => {
    const own = [guest.modules, suite, sizes, digest(executable('cvmboot-mock'))]
    const config = join(entry, 'config')
    const made = await cached(`defaults-initramfs-${suite}`, own, (directory) =>
      pack(guest, 'cvmboot-mock', config, join(directory, 'initramfs')),
    )
    return join(made, 'initramfs')
  },
  dracut: (_, suite, entry) => dracutWith(suite, join(entry, 'config')),
  'initramfs-tools': (_, suite, entry) => toolsWith(suite, join(entry, 'config')),
}

/** The disk, and beside it what `setup` writes. */
const disk = async (guest: Guest, suite: Suite, kind: Kind): Promise<string> => {
  const units = JSON.stringify(unitsThere)
  const madeFrom = [guest.rootTar, digestTree(tree), sizes, units, digest(executable('cvmboot-mock'))]
  return cached(`defaults-${kind}-${suite}`, madeFrom, async (directory) => {
    say(`setting up a disk with the defaults: ${kind}, ${suite}`)
    const config = join(directory, 'config')
    await writeFile(config, sizes)
    const scratch = join(directory, 'scratch')
    await mkdir(scratch)
    const sources = {
      rootFs: join(scratch, 'root-fs.tar'),
      oemLauncher: join(scratch, 'oem-launcher'),
      osConfig: join(trees, 'os-config'),
    }
    await cp(guest.rootTar, sources.rootFs)
    await cp(join(tree, 'oem-launcher'), sources.oemLauncher, { recursive: true })
    await tool('chmod', ['-R', 'u=rwX,go=rX', sources.oemLauncher])
    await addTo(sources.rootFs, join(tree, 'root-fs'), {}, join(scratch, 'tree'))
    await setup(sources, config, directory)
    await rm(scratch, { recursive: true })
  })
}

/** Boots it once, to its power-off. */
export const bootDefaults = async ({
  suite,
  kind,
  generator,
}: Ordinary): Promise<{ readonly boot: Boot; readonly parts: ReadonlyMap<string, Part> }> => {
  ensurePackages(say)
  await build(say)
  const guest = await debianGuest(suite, (step) => say(`Debian ${kind} (${suite}): ${step}`), kind)
  const entry = await disk(guest, suite, kind)
  const initramfs = await initramfsBy[generator](guest, suite, entry)
  const boot = await power(
    {
      guest,
      cmdline: (await readFile(join(entry, 'cmdline'), 'utf8')).trim(),
      disk: join(entry, 'disk.img'),
      initramfs: { cvmboot: initramfs, 'cvmboot-mock': initramfs },
    },
    { memoryMiB: kind === 'minimal' ? 768 : 1024, timeoutSeconds: 900 },
  )
  return { boot, parts: readParts(boot.console) }
}
