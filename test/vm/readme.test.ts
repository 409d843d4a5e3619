// Every command in README.md and kernel-cmdline.md is run, as it stands there. UPDATE_GOLDEN=1 writes the boots that README.md
// shows, both from the one run of the demo.

import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { toolPath } from '../../src/machine/exec.ts'
import { bootsIn, mixedUp, recordedBlock, withBlock } from '../with/recorded.ts'
import { suite } from '../with/suite.ts'
import { shapeOf } from './golden.ts'
import { makeSources, project, trees, world } from './world.ts'

type Desk = { directory: string; modules: string; kernel: string }

const test = suite<Desk>('the commands in the documents')

/** The lines of all `sh` blocks. */
const commandsIn = async (doc: string): Promise<string[]> => {
  const text = await readFile(join(project, doc), 'utf8')
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap((block) =>
    (block[1] ?? '').trim().split('\n'),
  )
}

const run = (command: string, cwd: string, env: Readonly<Record<string, string>>) =>
  spawnSync('sh', ['-c', command], { cwd, env: { ...process.env, ...env }, encoding: 'utf8' })

test.before(async (desk) => {
  const { guest } = await world()
  desk.directory = await mkdtemp(join(tmpdir(), 'cvmboot-readme-'))
  desk.modules = guest.modules
  desk.kernel = guest.kernel
  const { rootFs, oemLauncher, osConfig } = await makeSources(guest, join(desk.directory, 'sources'))
  await cp(rootFs, join(desk.directory, 'root.tar'))
  await cp(oemLauncher, join(desk.directory, 'oem'), { recursive: true })
  await cp(osConfig, join(desk.directory, 'config'), { recursive: true })
  await cp(join(trees, 'partition.conf'), join(desk.directory, 'partition.conf'))
})

test.after(async ({ directory }) => {
  await rm(directory, { recursive: true, force: true })
})

test('cvmboot commands', async ({ directory, modules, kernel }) => {
  const commands = [...(await commandsIn('README.md')), ...(await commandsIn('kernel-cmdline.md'))]
  const ours = commands.filter((command) => command.startsWith('cvmboot '))
  assert.ok(ours.length >= 4)
  // A system with a generator, as far as install looks.
  const system = join(directory, 'system')
  await mkdir(join(system, 'usr/lib/dracut'), { recursive: true })
  await writeFile(join(system, 'usr/lib/dracut/dracut-functions.sh'), '')
  const env = {
    PATH: `${join(project, 'dist')}:${toolPath}`,
    MODULES: modules,
    KERNEL: kernel,
    ROOT: system,
  }
  for (const command of ours) {
    const { status, stderr, stdout } = run(command, directory, env)
    assert.is(status, 0, `${command}\n${stdout}${stderr}`)
  }
  // What stock tools do for an owner needs a job-store: test/tools/owner.test.ts runs those lines.
  const others = (await commandsIn('kernel-cmdline.md')).filter((command) => !command.startsWith('cvmboot '))
  assert.ok(others.every((command) => command.startsWith('cryptsetup luksDump ')))
  const last = (verb: string) => ours.findLast((command) => command.startsWith(`cvmboot ${verb} `)) ?? ''
  assert.match(run(last('plan'), directory, env).stdout, /switch-root \/sbin\/init\n$/)
  assert.match(
    run(last('inspect'), directory, env).stdout,
    /root-fs-verity .* verity readable=true usable=true/,
  )
})

test('npm commands', async () => {
  const commands = (await commandsIn('README.md')).filter((command) => !command.startsWith('cvmboot '))
  // `npm test` is what runs this.
  assert.equal(commands, ['npm run demo', 'npm test'])
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
  const page = join(project, 'README.md')
  for (const [name, lines] of Object.entries(blocks)) {
    const block = `${lines.join('\n')}\n`
    if (process.env['UPDATE_GOLDEN'] === '1')
      await writeFile(page, withBlock(await readFile(page, 'utf8'), name, block))
    assert.is(shapeOf(recordedBlock(await readFile(page, 'utf8'), name)), shapeOf(block))
  }
})

test.run()
