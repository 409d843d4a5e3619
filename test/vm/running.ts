// A booted Debian that has cvmboot and its units in its verified root, and runs running/root-fs/usr/libexec/probe. Made once.

import { spawnSync } from 'node:child_process'
import {
  chmod,
  copyFile,
  cp,
  mkdir,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { unitFiles } from '../../src/install/frameworks.ts'
import { run as tool } from '../../src/machine/exec.ts'
import { cached } from './cache.ts'
import { copyOf } from './disk.ts'
import { epoch } from './guest.ts'
import { lastWords } from './guest-report.ts'
import type { Boot } from './qemu.ts'
import { digestTree, executable, makeSources, pack, power, setup, trees, world } from './world.ts'

export type Part = { readonly said: string; readonly status: number }

const tree = join(import.meta.dirname, 'running')
/** What the package brings. */
export const units = [...unitFiles()]

/** The one library of the executable that a minimal Debian lacks (package libatomic1). */
const libatomic = async (): Promise<string> => {
  const { stdout } = spawnSync('ldd', [executable('cvmboot-mock')], { encoding: 'utf8' })
  return realpath(/libatomic\.so\.1 => (\S+)/.exec(stdout)?.[1] ?? 'libatomic.so.1')
}

/**
 * Adds a tree, the executable, its units and more files (path there -> file here) to what a tar has: of two entries the
 * later counts.
 */
export const addTo = async (
  tar: string,
  tree: string,
  more: Readonly<Record<string, string>>,
  scratch: string,
): Promise<void> => {
  await cp(tree, scratch, { recursive: true, verbatimSymlinks: true })
  const own = {
    'usr/sbin/cvmboot': executable('cvmboot-mock'),
    'usr/lib/x86_64-linux-gnu/libatomic.so.1': await libatomic(),
    ...more,
  }
  for (const [to, from] of Object.entries(own)) {
    await mkdir(dirname(join(scratch, to)), { recursive: true })
    await copyFile(from, join(scratch, to))
    await chmod(join(scratch, to), 0o755)
  }
  for (const [path, { kind, mode, text }] of units) {
    const to = join(scratch, path)
    await mkdir(dirname(to), { recursive: true })
    if (kind === 'link') await symlink(text, to)
    else await writeFile(to, text, { mode })
  }
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX']
  const order = ['--sort=name', `--mtime=@${epoch}`, '--no-recursion']
  // No directories: those of the tar may be links.
  const files = (await readdir(scratch, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(scratch, join(entry.parentPath, entry.name)))
  await tool('tar', ['--append', '--file', tar, ...owner, ...order, '--directory', scratch, ...files])
}

/** Its disk, initramfs and command line. */
const make = async () => {
  const from = await world()
  // A workspace that lasts has a header, which can change; and what can be below dm-crypt is.
  const text = `${await readFile(join(trees, 'partition.conf'), 'utf8')}WORKSPACE_KEY=snp\nWORKSPACE_INTEGRITY=hmac-sha256\n`
  const own = digestTree(tree)
  const entry = await cached('running', [from.disk, text, own, JSON.stringify(units)], async (directory) => {
    const config = join(directory, 'config')
    await writeFile(config, text)
    const sources = await makeSources(from.guest, join(directory, 'sources'))
    await cp(join(tree, 'oem-launcher'), sources.oemLauncher, { recursive: true })
    const more = { 'usr/lib/loop.ko.xz': join(from.guest.modules, 'kernel/drivers/block/loop.ko.xz') }
    await addTo(sources.rootFs, join(tree, 'root-fs'), more, join(directory, 'tree'))
    await setup(sources, config, directory)
    for (const name of ['sources', 'tree']) await rm(join(directory, name), { recursive: true })
    await pack(from.guest, 'cvmboot-mock', config, join(directory, 'initramfs'))
  })
  const cmdline = (await readFile(join(entry, 'cmdline'), 'utf8')).trim()
  return { from, cmdline, initramfs: join(entry, 'initramfs'), disk: join(entry, 'disk.img') }
}

/** Boots it once, to the end of the probe. */
export const run = async (): Promise<{
  readonly boot: Boot
  readonly cmdline: string
  readonly parts: ReadonlyMap<string, Part>
}> => {
  const { from, cmdline, initramfs, disk } = await make()
  const boot = await power(from, { initramfs, disks: [{ file: disk }], cmdline, timeoutSeconds: 900 })
  return { boot, cmdline, parts: readParts(boot.console) }
}

/** Boots it and shuts it down as people do. The disk it ran from, and its memory at a line of the console, are in `scratch`. */
export const shutDown = async (scratch: string, until: RegExp) => {
  const { from, cmdline, initramfs, disk: original } = await make()
  const disk = await copyOf(original, join(scratch, 'disk.img'))
  const memory = join(scratch, 'memory')
  const { console } = await power(from, {
    initramfs,
    memory,
    disks: [{ file: disk, writes: 'keep' }],
    memoryMiB: 768,
    cmdline: `${cmdline} probe.shutdown`,
    until,
  })
  return { console, cmdline, disk, memory }
}

export const readParts = (console: string): Map<string, Part> => {
  const found = [...console.matchAll(/^probe: begin (.+)\n([\s\S]*?)^probe: end (\d+)$/gm)]
  if (found.length === 0) throw new Error(`the probe said nothing; the last words:\n${lastWords(console)}`)
  return new Map(found.map(([, name = '', said = '', status]) => [name, { said, status: Number(status) }]))
}
