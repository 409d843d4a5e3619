// initramfs-tools of Debian 12 and 13, each with a real Debian root: a whole boot, and what must not get past us.
// With words as arguments, only the rows that have one of them in their name.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../../src/machine/exec.ts'
import { withFirst } from './archives.ts'
import { rootWith } from './guest.ts'
import { toolsInitramfs } from './initramfs-tools.ts'
import { checkInside } from './inside.ts'
import type { Suite } from './kernel.ts'
import { bootRow, judge, seen } from './matrix/run.ts'
import { toolsRows } from './matrix/tools.ts'
import { readReport } from './report.ts'
import { makeSources, power, project, setup, trees, type World, world } from './world.ts'

const words = process.argv.slice(2)
const wanted = (what: string): boolean => words.length === 0 || words.some((word) => what.includes(word))

/** The world of a release, where each boot is one of initramfs-tools. */
const toolsWorld = async (release: Suite): Promise<World> => {
  const from = await world(release)
  const initramfs = await toolsInitramfs(release)
  return { ...from, initramfs: { cvmboot: initramfs, 'cvmboot-mock': initramfs } }
}

const scripts = suite('the scripts of initramfs-tools')
const hooks = join(project, 'initramfs-hooks')

scripts('are clean to shellcheck', async () => {
  const names = ['conf.d/cvmboot', 'hooks/cvmboot', 'scripts/cvmboot', 'scripts/init-premount/cvmboot']
  const options = ['--shell=sh', '--external-sources', '--exclude=SC1091']
  await run('shellcheck', [...options, ...names.map((name) => join(hooks, name))], { package: 'shellcheck' })
})

scripts.run()

const test = suite<{ scratch: string }>('initramfs-tools')

test.before(async (context) => {
  context.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-tools-'))
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

const broken = 'no initramfs is made without a configuration, or where another file stands in place of ours'
if (wanted(broken))
  test(broken, async () => {
    const logOf = async (name: string) =>
      readFile(join(dirname(await toolsInitramfs('bookworm')), name), 'utf8')
    assert.match(await logOf('log-unconfigured'), /config-missing: .*partition\.conf[\s\S]*failed/)
    assert.match(await logOf('log-masked'), /cmp: .*conf\.d\/cvmboot[\s\S]*failed/)
  })

const whole = 'a whole boot of Debian 12'
if (wanted(whole))
  test(whole, async () => {
    const from = await toolsWorld('bookworm')
    const { console, ended } = await power(from)
    const report = readReport(console)
    checkInside(report, from.cmdline)
    assert.match(report.facts.get('system') ?? '', /^Debian GNU\/Linux 12/)
    assert.is(ended, 'off')
  })

const neighbours = 'a whole boot of Debian 13, beside everything that opens, assembles and mounts disks'
if (wanted(neighbours))
  test(neighbours, async ({ scratch }) => {
    const from = await toolsWorld('trixie')
    const sources = await makeSources(from.guest, join(scratch, 'sources'))
    const both = join(scratch, 'root.tar')
    await rootWith(
      { ...from.guest, rootTar: sources.rootFs },
      join(import.meta.dirname, 'neighbours/root-fs'),
      both,
    )
    await setup({ ...sources, rootFs: both }, join(trees, 'partition.conf'), scratch)
    // As the hook of cryptsetup-initramfs writes it where it finds the partition.
    const initramfs = join(scratch, 'initramfs')
    await withFirst(from.initramfs['cvmboot-mock'], initramfs, {
      'cryptroot/crypttab': 'leftover PARTLABEL=workspace none luks,initramfs\n',
    })
    const cmdline = (await readFile(join(scratch, 'cmdline'), 'utf8')).trim()
    const { console, ended } = await power(from, {
      initramfs,
      cmdline,
      disks: [{ file: join(scratch, 'disk.img') }],
    })
    const report = readReport(console)
    checkInside(report, cmdline)
    assert.is(ended, 'off')
    // Nobody asked for a passphrase, opened, assembled or mounted anything, and nothing failed.
    assert.not.match(console, /unlock disk|[Pp]assphrase/)
    const told = [...console.matchAll(/^neighbour (.+?) = (.*)$/gm)].map(
      ([, key, value]) => `${key} ${value}`,
    )
    const mounted = [
      '-',
      'mnt-nvflare-oem\\x2dlauncher',
      'mnt-nvflare-os\\x2dconfig',
      'mnt-nvflare-workspace',
    ]
    const ours = [...mounted, 'mnt-nvflare-job\\x2dstore', 'run-cvmboot-overlay', 'etc', 'var', 'tmp']
    assert.equal(told.sort(), ours.map((name) => `unit ${name}.mount active mounted`).sort())
    const mapped = [...report.facts.keys()].filter((key) => key.startsWith('device '))
    assert.is(mapped.length, 4, mapped.join())
  })

for (const release of ['bookworm', 'trixie'] as const)
  for (const row of toolsRows[release].filter(([what]) => wanted(what)))
    test(`${release}: ${row[0]}`, async () => {
      const result = await bootRow(await toolsWorld(release), row)
      const [what, ends] = row
      process.stdout.write(
        `  ${what.padEnd(50)} ${ends.padEnd(18)} ${result.seconds.toFixed(0).padStart(4)}  ${seen(row, result).slice(0, 110)}\n`,
      )
      judge(row, result)
    })

test.run()
