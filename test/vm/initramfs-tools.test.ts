// initramfs-tools of Debian 12 and 13, each with a real Debian root: what a whole boot promises, asked from inside, also
// beside everything that opens, assembles or mounts disks; and what our scripts must be.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as assert from 'uvu/assert'
import { run } from '../../src/machine/exec.ts'
import { suite } from '../with/suite.ts'
import { withFirst } from './archives.ts'
import { rootWith } from './guest.ts'
import { readReport } from './guest-report.ts'
import { toolsInitramfs } from './initramfs-tools.ts'
import { checkInside } from './inside.ts'
import { makeSources, power, project, setup, trees, world } from './world.ts'

const test = suite<{ scratch: string }>('initramfs-tools')

test.before(async (context) => {
  context.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-tools-'))
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

test('shellcheck finds nothing in the scripts', async () => {
  const names = ['conf.d/cvmboot', 'hooks/cvmboot', 'scripts/cvmboot', 'scripts/init-premount/cvmboot']
  const files = names.map((name) => join(project, 'initramfs-hooks', name))
  // Not followed: a file that is there at boot only.
  await run('shellcheck', ['--shell=sh', '--exclude=SC1091', ...files], { package: 'shellcheck' })
})

test('no initramfs is made without a configuration, or where another file stands in place of ours', async () => {
  const logOf = async (name: string) =>
    readFile(join(dirname(await toolsInitramfs('bookworm')), name), 'utf8')
  assert.match(await logOf('log-unconfigured'), /config-missing: .*partition\.conf[\s\S]*failed/)
  assert.match(await logOf('log-masked'), /cmp: .*conf\.d\/cvmboot[\s\S]*failed/)
})

test('Debian 12 is up on verified volumes, whatever root= says', async () => {
  const from = await world('bookworm')
  const { console, ended } = await power(from, {
    initramfs: await toolsInitramfs('bookworm'),
    cmdline: `${from.cmdline} root=LABEL=workspace rootfstype=ext4 rw`,
  })
  const report = readReport(console)
  checkInside(report, from.cmdline)
  assert.match(report.facts.get('system') ?? '', /^Debian GNU\/Linux 12/)
  assert.is(ended, 'off')
})

test('Debian 13 is, beside everything that opens, assembles and mounts disks, and systemd has the mounts', async ({
  scratch,
}) => {
  const from = await world('trixie')
  const sources = await makeSources(from.guest, join(scratch, 'sources'))
  const rootFs = join(scratch, 'root.tar')
  const guest = { ...from.guest, rootTar: sources.rootFs }
  await rootWith(guest, join(import.meta.dirname, 'neighbours'), rootFs)
  await setup({ ...sources, rootFs }, join(trees, 'partition.conf'), scratch)
  // As the hook of cryptsetup-initramfs writes it where it finds the partition.
  const crypttab = { 'cryptroot/crypttab': 'leftover PARTLABEL=workspace none luks,initramfs\n' }
  const initramfs = join(scratch, 'initramfs')
  await withFirst(await toolsInitramfs('trixie'), crypttab, initramfs)
  const cmdline = (await readFile(join(scratch, 'cmdline'), 'utf8')).trim()
  const { console, ended } = await power(from, {
    initramfs,
    cmdline: `${cmdline} cvm-report.units`,
    disks: [{ file: join(scratch, 'disk.img') }],
  })
  const report = readReport(console)
  checkInside(report, cmdline)
  assert.is(ended, 'off')
  assert.not.match(console, /unlock disk|[Pp]assphrase/)
  assert.is(report.facts.get('failed units'), '')
  const mapped = [...report.facts.keys()].filter((key) => key.startsWith('device '))
  assert.is(mapped.length, 4, mapped.join())
  const lasting = ['mnt-nvflare-workspace', 'mnt-nvflare-job\\x2dstore', 'run-cvmboot-overlay', 'etc', 'var']
  const verified = ['-', 'mnt-nvflare-oem\\x2dlauncher', 'mnt-nvflare-os\\x2dconfig']
  for (const name of [...verified, ...lasting])
    assert.is(report.facts.get(`unit ${name}.mount`), 'loaded active mounted', name)
  // The root masks the tmpfs of its own; what is mounted there is ours.
  assert.is(report.facts.get('unit tmp.mount'), 'masked active mounted')
})

test.run()
