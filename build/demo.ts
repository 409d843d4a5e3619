// `npm run demo`: from a clone to a real Debian on verified volumes, then the same disk with one bit changed.
// The demo asks for every fact from outside or inside the machine. A broken promise makes the demo fail at its end.

import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { closed } from '../src/boot.ts'
import type { StepState } from '../src/proof/state.ts'
import { rowOf } from '../src/runtime/report/rows.ts'
import { accelerator } from '../test/vm/accelerator.ts'
import { copyOf, flipByte, partitionOf } from '../test/vm/disk.ts'
import { debianGuest, type Guest } from '../test/vm/guest.ts'
import { type Report, readReport, reportBegins } from '../test/vm/guest-report.ts'
import { type Boot, boot } from '../test/vm/qemu.ts'
import { build, makeSources, pack, project, setup, trees } from '../test/vm/world.ts'
import { ensurePackages, missingPackages } from './packages.ts'
import { bar, during, fit, heading, milliseconds, say, seconds, shortHex, styled, wrap } from './screen.ts'

const demo = join(project, 'demo')
const at = (name: string) => join(demo, name)
const shown = (path: string) => relative(process.cwd(), path) || '.'

/** The promises of the demo, and whether each one held. */
const promises: { readonly what: string; readonly held: boolean }[] = []
const promise = (what: string, held: boolean): void => {
  promises.push({ what, held })
}

/** Runs one stage before the boot, and shows its duration, name and outcome. */
const stage = async <T>(
  name: string,
  act: (progress: (text: string) => void) => Promise<T>,
  outcome: (made: T) => string | Promise<string>,
): Promise<T> => {
  let what = name
  const started = performance.now()
  const made = await during(
    () => what,
    () =>
      act((text) => {
        what = `${name}: ${text}`
      }),
  )
  const took = seconds((performance.now() - started) / 1000)
  say(`${took}  ${name.padEnd(10)} ${await outcome(made)}`)
  return made
}

const mebibytes = async (path: string): Promise<string> =>
  `${((await stat(path)).size / 1024 ** 2).toFixed(0)} MiB`

const prepare = async (): Promise<Guest> => {
  const lacking = missingPackages()
  await stage(
    'packages',
    async (progress) => ensurePackages(progress),
    () => (lacking.length === 0 ? 'all there' : `installed ${lacking.join(' ')}`),
  )
  await stage('build', build, async () => `dist/cvmboot-mock, ${await mebibytes('dist/cvmboot-mock')}`)
  const guest = await stage(
    'Debian',
    (progress) => debianGuest('trixie', progress),
    ({ modules }) => `trixie by mmdebstrap, Linux ${modules.split('/').at(-1)}`,
  )
  const config = join(trees, 'partition.conf')
  await stage(
    'setup',
    async (progress) => {
      progress('collecting the three trees')
      await setup(await makeSources(guest, at('sources')), config, demo, (text) =>
        progress(
          text
            .trim()
            .split(/[\r\n]+/)
            .at(-1) ?? '',
        ),
      )
    },
    async () =>
      `${shown(at('disk.img'))}, ${await mebibytes(at('disk.img'))}: three verity pairs, workspace, job-store`,
  )
  await stage(
    'pack',
    () => pack(guest, 'cvmboot-mock', config, at('initramfs.img')),
    async () => `${shown(at('initramfs.img'))}, ${await mebibytes(at('initramfs.img'))}`,
  )
  return guest
}

/** Seconds since power-on at which each part of a boot began. */
type Clock = { agent: number; debian: number; report: number }

/** The result of a boot, and the times of its parts. */
type Shown = { readonly result: Boot; readonly clock: Clock }

/** Shows the agent's own lines as they arrive. All other lines of the console go to a file only. */
const live = (clock: Clock) => (line: string, now: number) => {
  const said = /cvmboot: (.*)$/.exec(line)?.[1]
  const show = (text: string) => say(`${seconds(now)}  ${text}`)
  if (said !== undefined) {
    clock.agent ||= now
    const [, number, step = '', took] = /^(\[ *\d+\/\d+\]) (.*): ([0-9.]+) ms$/.exec(said) ?? []
    if (number !== undefined) show(`${number} ${fit(step, 66)} ${milliseconds(Number(took))}`)
    else if (said.startsWith('halt: ')) show(styled('red', wrap(`cvmboot: ${shortHex(said)}`, 10)))
    else show(wrap(shortHex(said), 10))
    if (said.startsWith('handing over')) clock.debian = now
  } else if (line === reportBegins) {
    clock.report = now
    show('Debian is up')
  } else if (/reboot: (?:Power down|System halted)/.test(line)) show(line.replace(/.*reboot: /, ''))
}

const run = async (guest: Guest, disk: string, log: string, until?: 'halted'): Promise<Shown> => {
  const cmdline = (await readFile(at('cmdline'), 'utf8')).trim()
  const clock: Clock = { agent: 0, debian: 0, report: 0 }
  const machine = {
    accelerator: await accelerator(guest.kernel),
    kernel: guest.kernel,
    initramfs: at('initramfs.img'),
    cmdline: `console=ttyS0 panic=-1 ${cmdline}`,
    disks: [{ file: disk }],
    onLine: live(clock),
    ...(until === undefined ? {} : { until }),
  }
  const doing = () =>
    clock.report > 0
      ? 'asking from inside'
      : clock.debian > 0
        ? 'Debian starts'
        : clock.agent > 0
          ? 'cvmboot'
          : 'firmware, kernel, unpacking of the initramfs'
  const result = await during(doing, () => boot(machine))
  await writeFile(at(log), result.console)
  return { result, clock }
}

const mounts = [
  ['/', 'root-fs', 'dm-verity, read-only'],
  ['/mnt/nvflare/oem-launcher', 'oem-launcher', 'dm-verity, read-only'],
  ['/mnt/nvflare/os-config', 'os-config', 'dm-verity, read-only'],
  ['/mnt/nvflare/workspace', 'workspace', 'dm-crypt, key in memory only'],
  ['/mnt/nvflare/job-store', 'job-store', 'plain: the host reads the results'],
  ['/tmp', 'tmp-fs', 'in memory, limited'],
  ['/etc', 'os-config, root-fs', 'writable layer in memory on top'],
  ['/var', 'root-fs', 'writable layer in memory on top'],
] as const

const showInside = ({ facts, state }: Report): void => {
  const fact = (key: string) => facts.get(key) ?? ''
  heading(`Asked from inside: ${fact('system')}, Linux ${fact('kernel')}`)
  say(
    `  ${'mount'.padEnd(27)}${'volume'.padEnd(20)}${'file system'.padEnd(12)}${'device'.padEnd(11)}protection`,
  )
  for (const [path, volume, protection] of mounts) {
    const [type = '', source = '', options = ''] = fact(`mount ${path}`).split(' ')
    const device = source.startsWith('/') ? source : 'memory'
    say(`  ${path.padEnd(27)}${volume.padEnd(20)}${type.padEnd(12)}${device.padEnd(11)}${protection}`)
    const verity = protection.startsWith('dm-verity')
    if (verity)
      promise(
        `${path} is mounted read-only from its mapping`,
        source === fact(`device ${volume}`) && options.startsWith('ro'),
      )
    else promise(`${path} is mounted`, type !== '')
  }

  heading('Device-mapper tables, and their status (V: everything read so far is verified)')
  for (const volume of ['root-fs', 'oem-launcher', 'os-config', 'workspace']) {
    const status = fact(`status ${volume}`).split(' ').slice(3).join(' ') || '-'
    say(`  ${volume.padEnd(14)}${status.padEnd(3)}${wrap(shortHex(fact(`table ${volume}`)), 19)}`)
    if (volume !== 'workspace') promise(`${volume} is verified`, /^V( -)?$/.test(status))
  }

  heading('Writing')
  for (const [path, want] of [
    ['/', 'Read-only file system'],
    ['/mnt/nvflare/oem-launcher', 'Read-only file system'],
    ['/etc', 'done'],
  ] as const) {
    say(`  ${path.padEnd(27)}${fact(`write ${path}`)}`)
    promise(`writing to ${path}: ${want}`, fact(`write ${path}`) === want)
  }
  say(`  ${'workspace'.padEnd(27)}1 MiB written and read back from disk: ${fact('read back workspace')}`)
  promise('the workspace keeps what is written', fact('read back workspace') === 'same')
  say(`  ${'swap'.padEnd(27)}${fact('swaps') === '0' ? 'none' : fact('swaps')}`)
  promise('there is no swap', fact('swaps') === '0')

  heading('The OEM launcher, started by the verified root')
  say(`  ${wrap(shortHex(fact('launcher')), 2)}`)
  promise('the launcher ran from its volume', fact('launcher').includes(`(${fact('device oem-launcher')})`))
  say(`  /etc/nvflare/site.conf, from os-config over /etc: ${fact('site')}`)
  promise('os-config lies over /etc', fact('site') === 'site=hospital-1')
  heading('What the boot says of itself (/run/cvmboot/state.json)')
  say(
    `  ${state.edition} ${state.version}, Node ${state.node}, key provider ${state.keyProvider}, CVM ${state.cvm}`,
  )
}

/** The kind of a step and its subject. */
const brief = ({ evidence }: StepState): string => `${evidence.kind} ${rowOf(evidence).subject(evidence)}`

const showTime = ({ state }: Report, { result, clock }: Shown): void => {
  const rows: [string, number][] = [
    ['kernel, unpacking, start of Node', state.started],
    ...state.steps.map((step): [string, number] => [brief(step), step.milliseconds]),
    ['Debian, from the hand-over', (clock.report - clock.debian) * 1000],
    ['the report itself, power-off', (result.seconds - clock.report) * 1000],
  ]
  const longest = Math.max(...rows.map(([, took]) => took))
  const small = longest / 200
  for (const [what, took] of rows)
    if (took >= small) say(`  ${milliseconds(took)}  ${fit(what, 40)} ${bar(took / longest)}`)
  const rest = rows.filter(([, took]) => took < small)
  const sum = rest.reduce((total, [, took]) => total + took, 0)
  if (rest.length > 0) say(`  ${milliseconds(sum)}  ${rest.length} shorter steps together`)
}

const wholeBoot = async (guest: Guest): Promise<void> => {
  const booted = await run(guest, at('disk.img'), 'console.log')
  const report = readReport(booted.result.console)
  promise('the machine powered off by itself', booted.result.ended === 'off')
  showInside(report)
  showTime(report, booted)
}

const changedBoot = async (guest: Guest): Promise<void> => {
  const { start } = await partitionOf(at('disk.img'), 'root-fs')
  // The superblock of the file system lies in the first block, which the agent reads before any mount.
  const offset = start + 1024
  const changed = await copyOf(at('disk.img'), at('changed.img'))
  const [before, after] = await flipByte(changed, offset)
  heading(`The same disk with byte ${offset}, in root-fs, changed from ${before} to ${after}`)
  const { result } = await run(guest, changed, 'console-changed.log', 'halted')
  const [, rest = ''] = result.console.split(/cvmboot: halt: .*/)
  promise(
    'the changed disk is refused',
    /cvmboot: halt: verity-corrupt: cannot verify root-fs: /.test(result.console),
  )
  promise('the refusal leaves nothing open', rest.includes(`cvmboot: ${closed}`))
  const afterwards = rest.replace(`cvmboot: ${closed}`, '')
  const silent = result.ended === 'halted' && !/cvmboot:|systemd|login:|[#$] $/m.test(afterwards)
  promise('nothing runs after the refusal', silent)
  if (silent) say('          no shell, no init, nothing after that line: the machine stands still')
}

const main = async (): Promise<void> => {
  process.chdir(project)
  heading('cvmboot demo')
  say(
    '  There is no confidential VM in this QEMU: this is cvmboot-mock, the build for trials, with a public key.',
  )
  say()
  await rm(demo, { recursive: true, force: true })
  await mkdir(demo, { recursive: true })
  const guest = await prepare()
  const kvm = (await accelerator(guest.kernel)) === 'kvm'
  heading(`Boot in QEMU (${kvm ? 'KVM' : 'TCG: the CPU is emulated'})`)
  await wholeBoot(guest)
  await changedBoot(guest)
  await rm(at('sources'), { recursive: true })

  const broken = promises.filter(({ held }) => !held)
  say()
  for (const { what } of broken) say(styled('red', `not as promised: ${what}`))
  if (broken.length > 0) throw new Error(`${broken.length} of ${promises.length} promises broken`)
  say(
    `${styled('green', 'ok')}: ${promises.length} promises kept; disk, initramfs and consoles are in ${shown(demo)}/`,
  )
}

await main().catch((error: unknown) => {
  say(`cvmboot demo: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
})
