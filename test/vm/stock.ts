// A machine without cvmboot: the kernel and the cryptsetup of a Debian release, and a script that prints its findings. It is
// the other implementation, with which ours is compared.

import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { run, runBytes } from '../../src/machine/exec.ts'
import { parseModuleIndex, resolveModules } from '../../src/machine/modules.ts'
import { type CpioContent, fileType } from '../../src/pack/cpio.ts'
import { accelerator } from './accelerator.ts'
import { writeArchive } from './archives.ts'
import { cached } from './cache.ts'
import { debianKernel, mmdebstrap, type Suite } from './kernel.ts'
import { type Boot, boot, type Disk } from './qemu.ts'

const programs = ['age', 'busybox', 'cryptsetup', 'dmsetup', 'e2fsck', 'jq', 'keyctl', 'mke2fs', 'openssl']
const packages = [
  'age',
  'busybox-static',
  'cryptsetup-bin',
  'dmsetup',
  'e2fsprogs',
  'jq',
  'keyutils',
  'openssl',
]
const modules = [
  ...[
    'virtio_pci',
    'virtio_blk',
    'dm_mod',
    'dm_crypt',
    'dm_integrity',
    'cryptomgr',
    'xts',
    'ecb',
    'authenc',
    'ext4',
  ],
  ...['aes_generic', 'aesni_intel', 'sha256_generic', 'sha256_ssse3', 'hmac'],
  // cryptsetup asks the kernel for what OpenSSL does not have: the null cipher.
  ...['algif_skcipher', 'crypto_null'],
]

/** PID 1: busybox, the modules, the test, and off. What it prints goes to the console. */
const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
mkdir -p /run/cryptsetup
dmesg -n 1
while read -r module; do insmod "$module" || echo "fact module $module = $?"; done </modules.list
fact() { printf 'fact %s = %s\\n' "$1" "$2"; }
# Runs a command; its exit status, and what it said in one line.
said() { name=$1; shift; out=$("$@" 2>&1); fact "$name" "$? $(echo "$out" | tr '\\n' ' ')"; }
. /test
echo 'stock: end'
poweroff -f
`

const file = (path: string, content: Uint8Array, mode = 0o755): CpioContent => ({
  path,
  mode: fileType.file | mode,
  bytes: content.length,
  content,
})

/** Entries with the directories they lie in. */
const withParents = (entries: readonly CpioContent[]): CpioContent[] => {
  const parents = (path: string): string[] =>
    path.includes('/') ? [...parents(path.replace(/\/[^/]*$/, '')), path.replace(/\/[^/]*$/, '')] : []
  const folders = [...new Set(['dev', 'proc', 'sys', 'tmp', ...entries.flatMap(({ path }) => parents(path))])]
  const content = new Uint8Array()
  return [
    ...folders.map((path) => ({ path, mode: fileType.directory | 0o755, bytes: 0, content })),
    { path: 'dev/console', mode: fileType.device | 0o600, bytes: 0, content, device: { major: 5, minor: 1 } },
    ...entries,
  ]
}

const libraries = async (folder: string): Promise<CpioContent[]> => {
  const entries = await readdir(folder, { withFileTypes: true })
  const links = entries.filter((entry) => entry.isSymbolicLink())
  const named = new Set(
    await Promise.all(links.map(async ({ name }) => basename(await readlink(join(folder, name))))),
  )
  const wanted = entries.filter(({ name }) => /^(?:lib|ld-).*\.so[.0-9]*$/.test(name) && !named.has(name))
  return Promise.all(
    wanted.map(async ({ name }) => file(`lib/x86_64-linux-gnu/${name}`, await readFile(join(folder, name)))),
  )
}

const tools = async (root: string): Promise<CpioContent[]> => {
  const found = await readdir(root, { recursive: true, withFileTypes: true })
  const isTool = (name: string, parent: string) => programs.includes(name) && /\/s?bin$/.test(parent)
  const own = found.filter((entry) => entry.isFile() && isTool(entry.name, entry.parentPath))
  const folders = found
    .filter((entry) => entry.isDirectory() && entry.name === 'x86_64-linux-gnu')
    .map((entry) => join(entry.parentPath, entry.name))
  const all = (await Promise.all(folders.map(libraries))).flat()
  const loader = all.find(({ path }) => path.endsWith('/ld-linux-x86-64.so.2'))?.content ?? new Uint8Array()
  const entries = own.map(async ({ name, parentPath }) =>
    file(`bin/${name}`, await readFile(join(parentPath, name))),
  )
  return [...(await Promise.all(entries)), ...all, file('lib64/ld-linux-x86-64.so.2', loader)]
}

const drivers = async (directory: string): Promise<CpioContent[]> => {
  const text = (name: string) => readFile(join(directory, `modules.${name}`), 'latin1')
  const index = parseModuleIndex({
    dep: await text('dep'),
    softdep: await text('softdep'),
    alias: await text('alias'),
    builtin: await text('builtin'),
  })
  const paths = resolveModules(index, modules)
  const entries = paths.map(async (path, n) => {
    const from = join(directory, path)
    const content = path.endsWith('.xz') ? await runBytes('xz', ['-dc', '--', from]) : await readFile(from)
    return file(`modules/${n}-${basename(path)}`, content)
  })
  const all = await Promise.all(entries)
  return [...all, file('modules.list', Buffer.from(all.map(({ path }) => `/${path}\n`).join('')))]
}

/** The part that all tests share, as an archive. */
const base = async (suite: Suite, modulesDirectory: string): Promise<string> => {
  const madeFrom = [suite, ...packages, ...modules, init, modulesDirectory]
  const entry = await cached('stock', madeFrom, async (directory) => {
    const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-stock-'))
    try {
      const tar = join(scratch, 'root.tar')
      await mmdebstrap(['--variant=extract', `--include=${packages.join(',')}`, suite, tar])
      const root = join(scratch, 'root')
      await run('mkdir', [root])
      await run('tar', [
        '--extract',
        '--no-same-owner',
        '--exclude=./dev/*',
        '--file',
        tar,
        '--directory',
        root,
      ])
      const entries = [
        file('init', Buffer.from(init)),
        ...(await tools(root)),
        ...(await drivers(modulesDirectory)),
      ]
      await writeArchive(withParents(entries), join(directory, 'initramfs'))
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  })
  return join(entry, 'initramfs')
}

export type Stock = {
  readonly boot: Boot
  /** KEY -> VALUE of each `fact KEY = VALUE`. */
  readonly facts: ReadonlyMap<string, string>
}

/** Runs a script in it, with files beside. Throws where the script did not come to its end. */
export const runStock = async (
  suite: Suite,
  script: string,
  files: Readonly<Record<string, Uint8Array>>,
  disks: readonly Disk[],
  scratch: string,
): Promise<Stock> => {
  const kernel = await debianKernel(suite, () => {})
  const shared = await base(suite, kernel.modules)
  const own = join(scratch, 'own')
  const given = Object.entries(files).map(([path, content]) => file(path, content, 0o600))
  await writeArchive(withParents([file('test', Buffer.from(script)), ...given]), own)
  // The kernel unpacks one archive after the other.
  const initramfs = join(scratch, `${suite}.initramfs`)
  await writeFile(initramfs, Buffer.concat([await readFile(shared), await readFile(own)]))
  const result = await boot({
    accelerator: await accelerator(kernel.image),
    kernel: kernel.unpacked,
    initramfs,
    cmdline: 'console=ttyS0 panic=-1 quiet cryptomgr.notests no_timer_check',
    disks,
    timeoutSeconds: 540,
  })
  if (!result.console.includes('stock: end'))
    throw new Error(`the script did not end:\n${result.console.slice(-3000)}\n${result.said}`)
  const facts = [...result.console.matchAll(/^fact (.+?) = (.*)$/gm)].map(
    ([, key = '', value = '']) => [key, value.trim()] as const,
  )
  return { boot: result, facts: new Map(facts) }
}
