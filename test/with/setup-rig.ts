// The parts that the tests of setup share: a scratch directory, small trees, and setup run in this process or in its own.

import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type FaultCode, faultOf, say } from '../../src/fault/index.ts'
import { parseGpt } from '../../src/layout/gpt.ts'
import { tinyElf } from './elf.ts'
import { listen } from './listen.ts'
import { verbOf } from './verb.ts'

const setup = verbOf('setup')

export const isRoot = process.getuid?.() === 0
export const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-setup-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

/** Files by path; a path that ends in / is a directory. */
export const plant = (name: string, files: Readonly<Record<string, string>>): string => {
  const root = join(scratch, name)
  mkdirSync(root, { recursive: true })
  for (const [path, content] of Object.entries(files)) {
    const at = join(root, path)
    mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true })
    if (!path.endsWith('/')) writeFileSync(at, content)
  }
  return root
}

export const config = join(scratch, 'small.conf')
writeFileSync(config, 'WORKSPACE_SIZE=3M\nJOBSTORE_SIZE=2M\n')

/** A tree that `setup` takes as a root: it has an init and a place for the machine's ID. */
export const plantRoot = (name: string, files: Readonly<Record<string, string>>): string => {
  const made = plant(name, { 'sbin/': '', 'etc/machine-id': '', ...files })
  writeFileSync(join(made, 'sbin/init'), tinyElf(), { mode: 0o755 })
  return made
}

const root = plantRoot('root', {
  'usr/share/zeros': '\0'.repeat(2_000_000),
  'usr/share/text': 'some text\n'.repeat(3000),
  'etc/hostname': 'cvm\n',
})
export const sources = {
  'root-fs': root,
  'oem-launcher': plant('launcher', { launcher: 'launch\n' }),
  'os-config': plant('config', { 'etc/motd': 'hello\n', 'config.json': '{}\n' }),
}

export type Given = Readonly<Record<string, string | true>>
export const argsOf = (given: Given): string[] =>
  Object.entries<string | true>({ ...sources, config, ...given }).flatMap(([key, value]) =>
    value === true ? [`--${key}`] : [`--${key}`, value],
  )

/** A new empty directory. */
let count = 0
export const place = (): string => {
  const made = join(scratch, `place-${count++}`)
  mkdirSync(made)
  return made
}

/** Runs setup here and returns the summary it printed. */
export const setUp = (given: Given): Promise<string> => listen(() => setup(argsOf(given)))

export const faultFrom = async (work: () => unknown): Promise<{ code: FaultCode; said: string }> => {
  try {
    await work()
  } catch (thrown) {
    const fault = faultOf(thrown)
    return { code: fault.code, said: say(fault) }
  }
  throw new Error('nothing was refused')
}

const program = `
  import { verbOf } from '${join(import.meta.dirname, 'verb.ts')}'
  import { faultOf, say } from '${join(import.meta.dirname, '../../src/fault/index.ts')}'
  try { await verbOf('setup')(process.argv.slice(1)) }
  catch (thrown) { process.stderr.write(say(faultOf(thrown))); process.exitCode = 1 }
`
export const childArgs = (args: readonly string[]): string[] => [
  '--input-type=module',
  '-e',
  program,
  '--',
  ...args,
]

/** Runs setup in a process of its own. */
export const startSetup = (given: Given) => {
  const child = spawn(process.execPath, childArgs(argsOf(given)), { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  const ended = new Promise<{ signal: NodeJS.Signals | null; status: number | null; said: string }>(
    (resolve) => {
      child.on('close', (status, signal) => resolve({ signal, status, said }))
    },
  )
  return { child, ended }
}

export const tool = (name: string, ...args: readonly string[]): string => {
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, LC_ALL: 'C' }
  const ran = spawnSync(name, args, { encoding: 'utf8', env, maxBuffer: 1 << 28 })
  if (ran.status !== 0) throw new Error(`${name} ${args.join(' ')}: ${ran.error ?? ran.stderr}`)
  return ran.stdout
}

/** The partitions of a disk image, by name. */
export const partitionsOf = (disk: string, blockSize = 512) => {
  const bytes = readFileSync(disk)
  const gpt = parseGpt(bytes, blockSize, BigInt(bytes.length / blockSize))
  return new Map(gpt.partitions.map((p) => [p.name, p] as const))
}

/** Copies a partition out of a disk image. */
export const extract = (disk: string, name: string, to: string, blockSize = 512): string => {
  const found = partitionsOf(disk, blockSize).get(name)
  if (found === undefined) throw new Error(`no partition ${name}`)
  const blocks = found.last - found.first + 1n
  tool(
    'dd',
    `if=${disk}`,
    `of=${to}`,
    `bs=${blockSize}`,
    `skip=${found.first}`,
    `count=${blocks}`,
    'status=none',
  )
  return to
}
