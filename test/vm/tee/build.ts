// The module that stands in for SEV-SNP and its launcher, built in a Debian of the guest's release from the headers
// of exactly the guest's kernel, with or without root. Kept by source and kernel.

import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runBytes } from '../../../src/machine/exec.ts'
import { cached } from '../cache.ts'
import { mmdebstrap } from '../kernel.ts'

export type Tee = {
  readonly launcher: string
  /** In the order they load; the stand-in is the last. */
  readonly modules: readonly string[]
}

const sources = ['Makefile', 'fake-sev-guest.c', 'launcher.c'].map((name) => join(import.meta.dirname, name))
/** What the stand-in needs of the kernel package. */
const needed = ['kernel/fs/configfs/configfs.ko', 'kernel/drivers/virt/coco/tsm.ko']
const made = ['fake-sev-guest.ko', 'launcher']

/** `modules` is lib/modules/RELEASE of a kernel of trixie. */
export const buildTee = async (modules: string, say: (progress: string) => void): Promise<Tee> => {
  const release = basename(modules)
  const texts = await Promise.all(sources.map((path) => readFile(path, 'utf8')))
  const entry = await cached('tee', [release, ...texts], async (directory) => {
    say(`building the TEE stand-in for ${release}`)
    const hooks = [
      'mkdir "$1/tee"',
      `copy-in ${sources.map((path) => `"${path}"`).join(' ')} /tee`,
      `chroot "$1" make --silent -C /tee RELEASE=${release} all`,
      `copy-out ${made.map((name) => `/tee/${name}`).join(' ')} "${directory}"`,
    ].map((hook) => `--customize-hook=${hook}`)
    const packages = `linux-headers-${release},libc6-dev,make`
    await mmdebstrap(['--variant=apt', `--include=${packages}`, ...hooks, 'trixie', '/dev/null']).catch(
      (error: Error) => {
        throw new Error(
          `${error.message}\nwhere Debian has no headers of ${release} any more, remove kernel-* from the cache`,
        )
      },
    )
    for (const path of needed)
      await writeFile(
        join(directory, basename(path)),
        await runBytes('xz', ['-dc', '--', join(modules, `${path}.xz`)], { package: 'xz-utils' }),
      )
  })
  const files = [...needed.map((path) => basename(path)), 'fake-sev-guest.ko']
  return { launcher: join(entry, 'launcher'), modules: files.map((name) => join(entry, name)) }
}
