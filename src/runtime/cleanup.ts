// The verb `cleanup`: takes down what the boot set up, keys first of all, while the system runs or as it ends.

import { readArguments } from '../arguments.ts'
import { BootFault, type Fault, fail, faultOf, say } from '../fault/index.ts'
import { type CryptName, cryptNames } from '../layout/layout.ts'
import { mappingNames } from '../machine/mapper.ts'
import { volumeIn } from '../proof/state.ts'
import { readBooted } from './booted.ts'
import { runTeardown, thisHost } from './cleanup/run.ts'
import { planTeardown, printTeardown, type Scene, type Teardown } from './cleanup/teardown.ts'
import { usersOf } from './cleanup/users.ts'
import { live } from './live.ts'
import { parseMounts } from './mounts.ts'

export const cleanupHelp = `cvmboot cleanup [--erase] [--dry-run] [--at-shutdown] [--config FILE]

Unmounts the volumes of the boot but its root, closes their mappings, with which the kernel drops the keys, and wipes the
files in memory. Refuses while a process uses a volume, and says which. Safe to repeat. For root.

  --erase          encrypted volumes too: their headers are overwritten, so that no key opens them again, and their
                   blocks are discarded
  --dry-run        say what would be done, and by whom it is kept from it
  --at-shutdown    go on past what cannot be done, and take keys away from volumes that are in use, too: each access to
                   one fails then
  --config FILE    the configuration (default: as the boot kept it)
`

const accepted = {
  erase: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  'at-shutdown': { type: 'boolean' },
  config: { type: 'string' },
} as const

const sceneOf = (config: string | undefined): Scene => {
  const { expected, state } = readBooted(live, config)
  const devices = cryptNames.flatMap((name): [CryptName, string][] => {
    const device = volumeIn(state, name)?.opened.data
    return device === undefined ? [] : [[name, device]]
  })
  const mounts = parseMounts(live.text('/proc/self/mountinfo') ?? '')
  return { expected, mounts, mappings: mappingNames(), devices: new Map(devices) }
}

/** File systems that are to be unmounted. */
const devsOf = ({ mounts }: Scene, steps: readonly Teardown[]): Set<string> =>
  new Set(
    steps.flatMap((step) =>
      step.do === 'unmount'
        ? mounts.filter(({ target }) => target === step.target).map(({ dev }) => dev)
        : [],
    ),
  )

/** `keys`: what the kernel shows of its keys (proc_keys(5)). Fault: `cleanup-keys`, where one is of ours. */
export const requireNoKeys = (keys: string): void => {
  const key = /^.* logon +cvmboot:.*$/m.exec(keys)?.[0]
  if (key !== undefined) throw fail('cleanup-keys', { key })
}

/** Faults: `usage`, `state-read`, `config-*`, `cmdline-*`, `cleanup-*`. */
export const cleanup = async (args: readonly string[]): Promise<void> => {
  const given = readArguments(args, accepted)
  const scene = sceneOf(given.config)
  const steps = planTeardown(scene, given.erase === true ? 'erased' : 'kept')
  const users = usersOf(devsOf(scene, steps))
  const tell = (line: string) => void process.stdout.write(`${line}\n`)
  if (given['dry-run'] === true) {
    for (const step of steps) tell(printTeardown(step))
    for (const { pid, name, path } of users) tell(`kept from it by process ${pid} (${name}): ${path}`)
    return
  }
  const [user] = users
  const ending = given['at-shutdown'] === true
  if (user !== undefined && !ending) throw fail('cleanup-busy', user)
  let first: Fault | undefined
  for (const step of steps)
    try {
      await runTeardown(step, thisHost, ending ? 'ending' : 'running')
      tell(printTeardown(step))
    } catch (thrown) {
      if (!ending) throw thrown
      first ??= faultOf(thrown)
      process.stderr.write(`${say(faultOf(thrown))}\n`)
    }
  requireNoKeys(live.text('/proc/keys') ?? '')
  if (first !== undefined) throw new BootFault(first)
  if (steps.length === 0) tell('nothing is left to clean up')
}
