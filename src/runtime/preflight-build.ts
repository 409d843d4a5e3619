// The checks of `cvmboot check` for a build host: whether `setup` and `pack` find the modules and programs that they need. Pure
// over system.ts.

import { fail } from '../fault/index.ts'
import { bad, type Finding, good, note } from '../terminal/finding.ts'
import { checkKernel, checkModules, type Preflight } from './preflight.ts'
import type { System } from './system.ts'

/** Programs that `setup` and `pack` start. `only` names the runs that need the program; without `only`, all runs do. */
const tools: readonly { readonly tool: string; readonly package: string; readonly only?: string }[] = [
  { tool: 'veritysetup', package: 'cryptsetup-bin' },
  { tool: 'mke2fs', package: 'e2fsprogs' },
  { tool: 'tar', package: 'tar' },
  { tool: 'mkfs.erofs', package: 'erofs-utils', only: 'setup with erofs, the default' },
  { tool: 'lz4', package: 'lz4', only: 'pack with lz4, the default' },
  { tool: 'mksquashfs', package: 'squashfs-tools', only: 'setup --format squashfs' },
  { tool: 'zstd', package: 'zstd', only: 'pack --compress zstd' },
  { tool: 'xz', package: 'xz-utils', only: 'modules that end in .xz' },
  { tool: 'fakeroot', package: 'fakeroot', only: 'setup without root' },
]

const installed = (system: System): Finding[] =>
  tools.map(({ tool, package: from, only }) => {
    if (system.hasTool(tool)) return good(tool, only === undefined ? 'installed' : `installed, for ${only}`)
    return only === undefined
      ? bad(tool, fail('tool-missing', { tool, package: from }).fault)
      : note(tool, `not installed; only ${only} needs it: apt-get install ${from}`)
  })

/** All checks of a build host, where `setup` and `pack` run. */
export const checkBuild = (system: System, flight: Preflight): Finding[] => [
  checkKernel(flight),
  ...checkModules(system, flight),
  ...installed(system),
]
