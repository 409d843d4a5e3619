// The verb `check`: says whether this machine is fit for the configuration. The verb changes nothing.

import { defaultConfig, parseConfig } from '../config/config.ts'
import { BootFault } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { readCmdlineOption } from '../machine/cmdline-file.ts'
import { readConfigFile } from '../machine/config-file.ts'
import type { Pivot } from '../system/pivot.ts'
import { type Finding, firstFault, note, printFindings, printFindingsJson } from '../terminal/finding.ts'
import { screenOf } from '../terminal/screen.ts'
import { checkCmdline } from './check-cmdline.ts'
import { live } from './live.ts'
import { checkVm, cvmOf, type Preflight } from './preflight.ts'
import { checkBuild } from './preflight-build.ts'
import type { System } from './system.ts'

/** A person who asks without --for, on a machine that is no confidential VM, may sit at the build host. */
const elsewhere = (system: System): Finding[] =>
  cvmOf(system) === undefined
    ? [
        note(
          'this machine',
          'is looked at as the VM that boots; if this machine makes the image, run cvmboot check --for build',
        ),
      ]
    : []

const checks = { vm: checkVm, build: checkBuild } as const

type CheckOptions = {
  /** The role of this machine; undefined where the caller named none. */
  readonly place: keyof typeof checks | undefined
  readonly config: string | undefined
  readonly modules: string | undefined
  readonly disk: string | undefined
  /** A command line to check, or @ and the file that holds the command line. */
  readonly cmdline: string | undefined
  readonly pivot: Pivot
  readonly json: boolean
  /** The key providers of the build that will boot. */
  readonly providers: readonly LastingProvider[]
}

/** Prints the findings, then fails with the first bad one. Faults: `config-*`, `cmdline-*`, the faults of the findings. */
export const check = async (asked: CheckOptions): Promise<void> => {
  const { place, config: file, modules, disk, cmdline, pivot, providers } = asked
  const flight: Preflight = {
    config: file === undefined ? defaultConfig : parseConfig(readConfigFile(file), file, providers),
    modules: modules?.replace(/\/+$/, '') ?? `/lib/modules/${live.kernel()}`,
    disk,
    providers,
  }
  const line =
    cmdline === undefined ? [] : [checkCmdline(() => readCmdlineOption(cmdline), flight.config, pivot)]
  const findings = [
    ...(place === undefined ? elsewhere(live) : []),
    ...checks[place ?? 'vm'](live, flight),
    ...line,
  ]
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(asked.json ? printFindingsJson(findings) : printFindings(findings, screen))
  const fault = firstFault(findings)
  if (fault !== undefined) throw new BootFault(fault)
}
