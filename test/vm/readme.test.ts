// Every command in the pages is run, as it stands there, but for those of the tutorial: tutorial.test.ts runs them.
// UPDATE_GOLDEN=1 writes the boots that docs/tutorial.md shows, both from the one run of the demo.

import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { run as runTool, toolPath } from '../../src/machine/exec.ts'
import { sidFirmware } from '../with/debian-sid.ts'
import { pages, pathOf, readPage, shellBlocksOf } from '../with/pages.ts'
import { bootsIn, mixedUp, recordedBlock, withBlock } from '../with/shown-boot.ts'
import { suite } from '../with/suite.ts'
import { shapeOf } from './golden.ts'
import { makeSources, project, trees, world } from './world.ts'

type Desk = { directory: string; modules: string; kernel: string }

const test = suite<Desk>('the commands in the pages')

/** The pages whose commands go together, in the order in which a reader meets them. */
const readings = [
  ['README.md'],
  ['docs/deploy.md', 'kernel-cmdline.md', 'docs/reference/inspect.md', 'docs/owner.md'],
] as const

const commandsIn = (page: string): string[] =>
  shellBlocksOf(readPage(page)).flatMap((block) => block.trim().split('\n'))
const isOurs = (command: string): boolean => command.startsWith('cvmboot ')

const run = (command: string, cwd: string, env: Readonly<Record<string, string>>) =>
  spawnSync('sh', ['-c', command], { cwd, env: { ...process.env, ...env }, encoding: 'utf8' })

/** What the commands take for granted, as directories and files that a desk links to. */
const given = ['root', 'root.tar', 'oem', 'config', 'partition.conf'] as const

test.before(async (desk) => {
  const { guest } = await world()
  desk.directory = await mkdtemp(join(tmpdir(), 'cvmboot-readme-'))
  desk.modules = guest.modules
  desk.kernel = guest.kernel
  const at = (name: string) => join(desk.directory, name)
  const { rootFs, oemLauncher, osConfig } = await makeSources(guest, at('sources'))
  await cp(rootFs, at('root.tar'))
  await mkdir(at('root'))
  await runTool('tar', ['--extract', '--file', rootFs, '--directory', at('root'), '--exclude=./dev/*'])
  await cp(oemLauncher, at('oem'), { recursive: true })
  await cp(osConfig, at('config'), { recursive: true })
  await cp(join(trees, 'partition.conf'), at('partition.conf'))
  // A system with a generator, as far as install looks.
  await mkdir(at('system/usr/lib/dracut'), { recursive: true })
  await writeFile(at('system/usr/lib/dracut/dracut-functions.sh'), '')
})

test.after(async ({ directory }) => {
  await rm(directory, { recursive: true, force: true })
})

test('no page has a command that no test runs', () => {
  const read: readonly string[] = [...readings.flat(), 'docs/tutorial.md']
  for (const page of pages.filter((page) => !read.includes(page))) assert.equal(commandsIn(page), [], page)
  // test/tools/owner.test.ts runs what stock tools do for an owner; it needs a job-store.
  const others = readings.flat().flatMap((page) => commandsIn(page).filter((command) => !isOurs(command)))
  assert.equal(
    others.filter((command) => !command.startsWith('cryptsetup luksDump ')),
    ['npm run demo', 'npm test'],
  )
})

for (const reading of readings)
  test(`cvmboot commands of ${reading.join(', ')}`, async ({ directory, modules, kernel }) => {
    const desk = await mkdtemp(join(directory, 'desk-'))
    for (const name of given) await symlink(join(directory, name), join(desk, name))
    const env = {
      PATH: `${join(project, 'dist')}:${toolPath}`,
      MODULES: modules,
      KERNEL: kernel,
      FIRMWARE: (await sidFirmware()).amdsev,
      ROOT: join(directory, 'system'),
    }
    const ours = reading.flatMap((page) => commandsIn(page).filter(isOurs))
    assert.ok(ours.length >= 4)
    for (const command of ours) {
      const { status, stderr, stdout } = run(command, desk, env)
      assert.is(status, 0, `${command}\n${stdout}${stderr}`)
      if (command.startsWith('cvmboot plan ')) assert.match(stdout, /switch-root \/sbin\/init\n$/)
      if (command.startsWith('cvmboot inspect '))
        assert.match(stdout, /root-fs-verity .* verity readable=true usable=true/)
    }
  })

test('npm commands', async () => {
  // `npm test` is what runs this.
  const { status, stdout, stderr } = run('npm run demo', project, {})
  assert.is(status, 0, `${stdout}${stderr}`)
  assert.match(stdout, /verity-corrupt: cannot verify root-fs/)
  assert.match(stdout, /ok: \d+ promises kept/)
  const boots = bootsIn(stdout)
  assert.is(boots.length, 2)
  for (const lines of boots) assert.is(mixedUp(lines.join('\n')), undefined)
  const [whole = [], changed = []] = boots
  const from = changed.findIndex((line) => line.includes('] require-cvm '))
  const blocks = { boot: whole, 'boot-changed': changed.slice(from) }
  const page = 'docs/tutorial.md'
  for (const [name, lines] of Object.entries(blocks)) {
    const block = `${lines.join('\n')}\n`
    if (process.env['UPDATE_GOLDEN'] === '1')
      await writeFile(pathOf(page), withBlock(readPage(page), name, block))
    assert.is(shapeOf(recordedBlock(readPage(page), name)), shapeOf(block))
  }
})

test.run()
