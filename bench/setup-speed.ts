// Measures how fast `setup` is with a ready ext4 image of random data. The peers are `veritysetup format` of the same image,
// and `veritysetup format` with a plain copy of the image onto the disk. The runs follow one another, and the figures are
// seconds of this machine.

import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, toolPath } from '../src/machine/exec.ts'
import { executable, trees } from '../test/vm/world.ts'
import { markdown } from './table.ts'

const seconds = (tool: string, args: readonly string[]): number => {
  const started = performance.now()
  const done = spawnSync(tool, args, { env: { PATH: toolPath, TMPDIR: tmpdir() }, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`${tool}: ${done.stderr}`)
  return (performance.now() - started) / 1000
}

export const setupSpeed = async (say: (progress: string) => void): Promise<string> => {
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-setup-'))
  const rows: string[][] = []
  try {
    for (const gigabytes of [1, 2, 4]) {
      say(`setup of ${gigabytes} GB`)
      const image = join(scratch, 'root.img')
      const tree = join(scratch, 'tree')
      await rm(image, { force: true })
      for (const at of ['dev', 'proc', 'sys', 'run', 'tmp', 'etc', 'sbin', 'mnt/nvflare'])
        await mkdir(join(tree, at), { recursive: true })
      for (const volume of ['oem-launcher', 'os-config', 'workspace', 'job-store'])
        await mkdir(join(tree, 'mnt/nvflare', volume), { recursive: true })
      const filling = gigabytes * 950
      await run('dd', [
        'if=/dev/urandom',
        `of=${join(tree, 'data')}`,
        'bs=1M',
        `count=${filling}`,
        'status=none',
      ])
      await run('mke2fs', [
        '-q',
        '-t',
        'ext4',
        '-b',
        '4096',
        '-m',
        '0',
        '-O',
        '^has_journal',
        '-d',
        tree,
        image,
        `${gigabytes * 1000}M`,
      ])
      const config = join(scratch, 'bench.conf')
      await writeFile(config, `ROOT_FS_SIZE=${gigabytes * 1024}M\nWORKSPACE_SIZE=64M\nJOBSTORE_SIZE=64M\n`)
      const sources = ['--oem-launcher', join(trees, 'oem-launcher'), '--os-config', join(trees, 'os-config')]
      const to = ['--disk', join(scratch, 'disk.img'), '--out', join(scratch, 'out'), '--force']
      const ours = seconds(executable('cvmboot'), [
        'setup',
        '--config',
        config,
        '--root-fs',
        image,
        ...sources,
        ...to,
      ])
      const theirs = seconds('veritysetup', ['format', image, join(scratch, 'tree.hash')])
      await rm(join(scratch, 'disk.img'))
      const copy = ['bs=4M', 'conv=fsync', 'status=none']
      const written = theirs + seconds('dd', [`if=${image}`, `of=${join(scratch, 'copy')}`, ...copy])
      await rm(join(scratch, 'copy'))
      const MBs = (took: number) => ((gigabytes * 1000 * 1.048576) / took).toFixed(0)
      const ratio = (other: number) => (ours / other).toFixed(2)
      rows.push([`${gigabytes} GB`, MBs(ours), MBs(theirs), MBs(written), ratio(theirs), ratio(written)])
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  const head = [
    'image',
    'setup, MB/s',
    'veritysetup format, MB/s',
    'and copied, MB/s',
    'time ÷ format',
    '÷ both',
  ]
  return markdown([head, ...rows])
}
