// A booted Debian that has cvmboot itself in its verified oem-launcher, and runs running/probe.sh. Made once.

import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache.ts'
import type { Boot } from './qemu.ts'
import { lastWords } from './report.ts'
import { digest, executable, makeSources, pack, power, setup, trees, world } from './world.ts'

export type Part = { readonly said: string; readonly status: number }

const scripts = join(import.meta.dirname, 'running')
const files = ['launch.sh', 'probe.sh']

/** Beside what the world's machine has: room for the executable. */
const more = 'LAUNCHER_SIZE=192M\n'

/** Boots it once, to the end of the probe. */
export const run = async (): Promise<{ readonly boot: Boot; readonly parts: ReadonlyMap<string, Part> }> => {
  const from = await world()
  const own = files.map((name) => digest(join(scripts, name)))
  const base = (await readFile(join(trees, 'partition.conf'), 'utf8')).replace(/^LAUNCHER_SIZE=.*\n/m, more)
  const entry = await cached('running', [from.disk, base, ...own], async (directory) => {
    const config = join(directory, 'config')
    await writeFile(config, base)
    const sources = await makeSources(from.guest, join(directory, 'sources'))
    await rm(sources.oemLauncher, { recursive: true })
    await mkdir(sources.oemLauncher)
    for (const name of files) await cp(join(scripts, name), join(sources.oemLauncher, name))
    await copyFile(executable('cvmboot-mock'), join(sources.oemLauncher, 'cvmboot'))
    await chmod(join(sources.oemLauncher, 'cvmboot'), 0o755)
    await setup(sources, config, directory)
    await rm(join(directory, 'sources'), { recursive: true })
    await pack(from.guest, 'cvmboot-mock', config, join(directory, 'initramfs'))
  })
  const cmdline = (await readFile(join(entry, 'cmdline'), 'utf8')).trim()
  const boot = await power(from, {
    initramfs: join(entry, 'initramfs'),
    disks: [{ file: join(entry, 'disk.img') }],
    cmdline: `${cmdline} systemd.mask=cvm-report.service`,
    timeoutSeconds: 300,
  })
  return { boot, parts: readParts(boot.console) }
}

export const readParts = (console: string): Map<string, Part> => {
  const found = [...console.matchAll(/^probe: begin (.+)\n([\s\S]*?)^probe: end (\d+)$/gm)]
  if (found.length === 0) throw new Error(`the probe said nothing; the last words:\n${lastWords(console)}`)
  return new Map(found.map(([, name = '', said = '', status]) => [name, { said, status: Number(status) }]))
}
