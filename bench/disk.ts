// The one disk that every peer boots from, written by `cvmboot setup`: a Debian whose init is the marker.

import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { verityNames } from '../src/layout/layout.ts'
import { fixedSalt, printSalt } from '../src/layout/verity.ts'
import { run } from '../src/machine/exec.ts'
import { cached } from '../test/vm/cache.ts'
import { type Guest, rootWith } from '../test/vm/guest.ts'
import { digest, executable, makeSources, pack, setup } from '../test/vm/world.ts'

export type BenchDisk = {
  readonly disk: string
  /** Everything a peer needs to know, the same words for all of them. */
  readonly cmdline: string
  readonly config: string
}

export type Sizes = {
  /** Of the two encrypted volumes, as partition.conf has them. */
  readonly workspace: string
  readonly jobStore: string
  /** MiB of data in oem-launcher, where there has to be some. */
  readonly launcher?: number
  /** Where their keys come from, if not new at each boot. */
  readonly keys?: 'lasting'
}

const configOf = ({ workspace, jobStore, launcher = 0, keys }: Sizes): string =>
  [
    ...['ROOT_FS_SIZE=512M', `LAUNCHER_SIZE=${64 + launcher}M`, 'CONFIG_SIZE=64M', 'TMPFS_SIZE=128M'],
    ...[`WORKSPACE_SIZE=${workspace}`, `JOBSTORE_SIZE=${jobStore}`, 'JOBSTORE_ENCRYPTION=required', ''],
    // What the peers read and this one passes over.
    'CMDLINE_WORDS="root=/dev/mapper/root rootfstype=erofs ro printk.devkmsg=on rd.systemd.show_status=false"',
    '',
    ...(keys === undefined ? [] : ['WORKSPACE_KEY=snp', 'WORKSPACE_BIND=id-block', '']),
  ].join('\n')

/** dracut and systemd want these; the other peers read past them. */
const forSystemd = 'root=/dev/mapper/root rootfstype=erofs ro rd.shell=0 rd.systemd.show_status=false'

export const benchDisk = async (
  guest: Guest,
  init: string,
  sizes: Sizes,
  say: (progress: string) => void,
): Promise<BenchDisk> => {
  const config = configOf(sizes)
  const madeFrom = [guest.rootTar, digest(init), digest(executable('cvmboot-mock')), config, 'both inits']
  const entry = await cached('bench', madeFrom, async (directory) => {
    say(`disk with a workspace of ${sizes.workspace}`)
    const conf = join(directory, 'bench.conf')
    await writeFile(conf, config)
    const sources = await makeSources(guest, join(directory, 'sources'))
    if (sizes.launcher !== undefined)
      await writeFile(join(sources.oemLauncher, 'data'), randomBytes(sizes.launcher * 1024 ** 2))
    const tree = join(directory, 'tree')
    // systemd in an initramfs looks for systemd in the new root before it looks for init.
    for (const path of ['usr/sbin/init', 'usr/lib/systemd/systemd']) {
      await mkdir(dirname(join(tree, path)), { recursive: true })
      await copyFile(init, join(tree, path))
    }
    await rootWith(guest, tree, sources.rootFs)
    // tar makes links that lead upwards last of all, and would put Debian's own back.
    await run('tar', ['--delete', '--occurrence=1', '--file', sources.rootFs, './usr/sbin/init'])
    await setup(sources, conf, directory)
    await rm(join(directory, 'sources'), { recursive: true })
  })
  const words = (await readFile(join(entry, 'cmdline'), 'utf8')).trim()
  const salts = verityNames.map((name) => `cvmboot.salt.${name}=${printSalt(fixedSalt(name))}`)
  const hash = /cvmboot\.roothash\.root-fs=([0-9a-f]{64})/.exec(words)?.[1]
  return {
    disk: join(entry, 'disk.img'),
    cmdline: [words, ...salts, `roothash=${hash}`, forSystemd].join(' '),
    config: join(entry, 'bench.conf'),
  }
}

/** cvmboot's own initramfs for a disk's configuration. */
export const ownInitramfs = async (
  guest: Guest,
  config: string,
  compression: 'lz4' | 'zstd' | 'none',
  say: (progress: string) => void,
): Promise<string> => {
  const madeFrom = [guest.modules, digest(executable('cvmboot-mock')), digest(config), compression]
  const entry = await cached(`bench-${compression}`, madeFrom, (directory) => {
    say(`packing cvmboot with ${compression}`)
    return pack(guest, 'cvmboot-mock', config, join(directory, 'initramfs'), compression)
  })
  return join(entry, 'initramfs')
}
