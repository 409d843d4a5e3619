// A disk made by another implementation: trixie's systemd-repart, run from the guest's own files with their own
// loader, so that neither a chroot nor root is needed.

import { spawnSync } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printRequired, requiredWords } from '../../src/cmdline/required.ts'
import { verityNames } from '../../src/layout/layout.ts'
import { run, toolPath } from '../../src/machine/exec.ts'
import { epoch, type Guest } from './guest.ts'
import { makeSources } from './world.ts'

/** Four KiB blocks: repart's default is the disk's sector. */
const verity = 'VerityDataBlockSizeBytes=4096\nVerityHashBlockSizeBytes=4096\n'

const definitions = (sources: Readonly<Record<string, string>>): Record<string, string> => {
  const pairs = verityNames.flatMap((name) => {
    const type = name === 'root-fs' ? ['root', 'root-verity'] : ['linux-generic', 'linux-generic']
    const both = `VerityMatchKey=${name}\n${verity}Minimize=best\n`
    return [
      [
        `${name}.conf`,
        `[Partition]\nType=${type[0]}\nLabel=${name}\nFormat=erofs\nCopyFiles=${sources[name]}:/\nVerity=data\n${both}`,
      ],
      [`${name}-verity.conf`, `[Partition]\nType=${type[1]}\nLabel=${name}-verity\nVerity=hash\n${both}`],
    ]
  })
  const blank = ['workspace', 'job-store'].map((name) => [
    `${name}.conf`,
    `[Partition]\nType=linux-generic\nLabel=${name}\nSizeMinBytes=64M\nSizeMaxBytes=64M\n`,
  ])
  return Object.fromEntries([...pairs, ...blank])
}

type Made = {
  readonly label: string
  readonly roothash: string
  readonly raw_size: number
  readonly offset: number
}

/** The disk, and the parameters that a boot from it needs. */
export const repartDisk = async (
  guest: Guest,
  directory: string,
): Promise<{ readonly disk: string; readonly cmdline: string }> => {
  const root = join(directory, 'root-fs')
  await mkdir(root)
  const tars = await makeSources(guest, join(directory, 'sources'))
  // Without root no device node can be made; the kernel fills /dev at boot.
  await run('tar', ['--extract', '--file', tars.rootFs, '--directory', root, '--exclude=./dev/*'])
  for (const path of ['oem-launcher', 'os-config', 'workspace', 'job-store'])
    await mkdir(join(root, 'mnt/nvflare', path), { recursive: true })
  await cp(tars.oemLauncher, join(directory, 'oem-launcher'), { recursive: true })
  await cp(tars.osConfig, join(directory, 'os-config'), { recursive: true })

  const config = join(directory, 'repart.d')
  await mkdir(config)
  const sources = Object.fromEntries(verityNames.map((name) => [name, join(directory, name)]))
  for (const [name, text] of Object.entries(definitions(sources))) await writeFile(join(config, name), text)

  const disk = join(directory, 'disk.img')
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu')
  const repart = spawnSync(
    join(root, 'usr/lib64/ld-linux-x86-64.so.2'),
    [
      ...[
        '--library-path',
        `${libraries}:${join(libraries, 'systemd')}`,
        join(root, 'usr/bin/systemd-repart'),
      ],
      ...[
        '--offline=yes',
        '--dry-run=no',
        '--empty=create',
        '--size=auto',
        '--sector-size=512',
        '--json=short',
      ],
      ...['--seed=2f6b6c1e-7c1f-4a56-9f4e-6a3c2d1b0e9f', `--definitions=${config}`, disk],
    ],
    {
      env: { PATH: toolPath, SOURCE_DATE_EPOCH: `${epoch}`, TMPDIR: directory },
      encoding: 'utf8',
    },
  )
  if (repart.status !== 0) throw new Error(`systemd-repart failed:\n${repart.stderr}`)
  const made: readonly Made[] = JSON.parse(repart.stdout)
  const part = (label: string): Made => {
    const found = made.find((partition) => partition.label === label)
    if (found === undefined) throw new Error(`systemd-repart made no ${label}:\n${repart.stdout}`)
    return found
  }
  const words = verityNames.map(async (name) => {
    const { roothash, raw_size } = part(name)
    // Read by the tool: our own boot never looks at a superblock, so the test tells it what is there.
    const offset = `--hash-offset=${part(`${name}-verity`).offset}`
    const dump = await run('veritysetup', ['dump', offset, disk], { package: 'cryptsetup-bin' })
    const salt = /^Salt:\s*(\S+)/m.exec(dump)?.[1]
    return `cvmboot.roothash.${name}=${roothash} cvmboot.data-blocks.${name}=${raw_size / 4096} cvmboot.salt.${name}=${salt}`
  })
  return { disk, cmdline: [...(await Promise.all(words)), ...requiredWords.map(printRequired)].join(' ') }
}
