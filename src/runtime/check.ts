// The verb `check`: is this machine fit for what the configuration says? Reads only.

import { readArguments } from '../arguments.ts'
import { defaultConfig, parseConfig } from '../config/config.ts'
import { BootFault, fail } from '../fault/index.ts'
import { didYouMean } from '../fault/nearest.ts'
import { readConfigFile } from '../machine/config-file.ts'
import { type Finding, firstFault, note, printFindings, printFindingsJson } from '../terminal/finding.ts'
import { screenOf } from '../terminal/screen.ts'
import { checkCmdline } from './check-cmdline.ts'
import { live } from './live.ts'
import { checkVm, cvmOf, type Preflight } from './preflight.ts'
import { checkBuild } from './preflight-build.ts'
import type { System } from './system.ts'

export const checkHelp = `cvmboot check [--for vm|build] [--config FILE] [--modules DIR] [--disk FILE|DEVICE]
              [--cmdline TEXT [--hook]] [--json]

Looks whether this machine is fit for what partition.conf says: kernel, modules and hardening, memory against what lies in it,
the disk against the sum of the volumes, confidential VM, swap, tools. One line each, which says what to do; ends with
the status of the first that fails. Changes nothing.

  --for vm         what the boot needs; run it in the VM (default)
  --for build      what setup and pack need; run it on the build host
  --config FILE    partition.conf (default: the built-in defaults)
  --modules DIR    lib/modules/RELEASE of the kernel that will boot (default: of the running one)
  --disk           the disk (default: DEVICE of partition.conf, or the largest there is)
  --cmdline TEXT   a kernel command line, as in "$(cat cmdline)": whether the boot takes it
  --hook           in an initramfs of dracut or initramfs-tools
  --json           the findings as JSON
`

const accepted = {
  for: { type: 'string' },
  config: { type: 'string' },
  modules: { type: 'string' },
  disk: { type: 'string' },
  cmdline: { type: 'string' },
  hook: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/** Who asks without --for on a machine that is no confidential VM may be at the build host. */
const elsewhere = (system: System): Finding[] =>
  cvmOf(system) === undefined
    ? [
        note(
          'this machine',
          'is looked at as the VM that boots; if it makes the image: cvmboot check --for build',
        ),
      ]
    : []

const checks = { vm: checkVm, build: checkBuild } as const

/** Prints the findings, then fails with the first that is bad. Faults: `usage`, `config-*`, and those of the findings. */
export const check = async (args: readonly string[]): Promise<void> => {
  const { for: given, config: file, modules, disk, json, cmdline, hook } = readArguments(args, accepted)
  const what = given ?? 'vm'
  if (!Object.hasOwn(checks, what)) {
    const reason = `--for takes vm or build, not ${what}${didYouMean(what, Object.keys(checks))}`
    throw fail('usage', { reason })
  }
  if (hook === true && cmdline === undefined) throw fail('usage', { reason: '--hook goes with --cmdline' })
  const flight: Preflight = {
    config: file === undefined ? defaultConfig : parseConfig(readConfigFile(file), file),
    modules: modules?.replace(/\/+$/, '') ?? `/lib/modules/${live.kernel()}`,
    disk,
  }
  const pivot = hook === true ? 'framework' : 'own'
  const line = cmdline === undefined ? [] : [checkCmdline(cmdline, flight.config, pivot)]
  const findings = [
    ...(given === undefined ? elsewhere(live) : []),
    ...checks[what as keyof typeof checks](live, flight),
    ...line,
  ]
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json === true ? printFindingsJson(findings) : printFindings(findings, screen))
  const fault = firstFault(findings)
  if (fault !== undefined) throw new BootFault(fault)
}
