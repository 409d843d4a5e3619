// A tree of modules as a kernel package has it, small, with every way of compressing.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'

export const release = '6.1.0-test-amd64'

const packed = (path: string): Buffer => {
  const plain = Buffer.from(`module ${path}`)
  if (path.endsWith('.gz')) return gzipSync(plain)
  if (path.endsWith('.zst')) return Buffer.from(zstdCompressSync(plain))
  return path.endsWith('.xz') ? execFileSync('xz', ['-c'], { input: plain }) : plain
}

const modules: Readonly<Record<string, readonly string[]>> = {
  'kernel/drivers/md/dm-mod.ko.xz': [],
  'kernel/drivers/md/dm-bufio.ko.zst': ['kernel/drivers/md/dm-mod.ko.xz'],
  'kernel/drivers/md/dm-verity.ko.gz': [
    'kernel/drivers/md/dm-bufio.ko.zst',
    'kernel/drivers/md/dm-mod.ko.xz',
  ],
  'kernel/drivers/md/dm-crypt.ko': ['kernel/drivers/md/dm-mod.ko.xz'],
  'kernel/drivers/md/dm-integrity.ko': [
    'kernel/drivers/md/dm-bufio.ko.zst',
    'kernel/drivers/md/dm-mod.ko.xz',
  ],
  'kernel/crypto/authenc.ko': [],
  'kernel/crypto/xts.ko': [],
  'kernel/crypto/ecb.ko': [],
  'kernel/fs/erofs/erofs.ko': [],
  'kernel/drivers/block/virtio_blk.ko': [],
  'kernel/drivers/net/unrelated.ko': [],
}

const made: string[] = []
process.on('exit', () => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true })
})

/** An empty directory that is gone after the tests. */
export const temporary = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'cvmboot-pack-'))
  made.push(directory)
  return directory
}

/** Writes the tree and returns its modules directory; `change` replaces or (with undefined) leaves out a file. */
export const writeTree = (change: Readonly<Record<string, string | undefined>> = {}): string => {
  const directory = join(temporary(), 'lib/modules', release)
  const index = {
    'modules.dep': Object.entries(modules)
      .map(([path, needs]) => `${[`${path}:`, ...needs].join(' ')}\n`)
      .join(''),
    'modules.softdep': 'softdep xts pre: ecb\nsoftdep unrelated pre: x\n',
    'modules.alias': 'alias virtio:d00000002v* virtio_blk\nalias pci:v*d* unrelated\n',
    'modules.builtin': ['cryptomgr', 'sha256_generic', 'aes_generic', 'hmac', 'ext4', 'other']
      .map((name) => `kernel/x/${name}.ko\n`)
      .join(''),
  }
  const put = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), content)
  }
  for (const path of Object.keys(modules)) put(path, packed(path))
  for (const [path, content] of Object.entries({ ...index, ...change }))
    if (content !== undefined) put(path, content)
  return directory
}
