// The verb `cleanup`: unmounts the volumes of the boot, closes their mappings, and drops their keys, while the system runs or
// as the system ends.

import { BootFault, type Fault, fail, faultOf, say } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { type CryptName, cryptNames } from '../layout/layout.ts'
import { mappingNames } from '../machine/mapper.ts'
import { volumeIn } from '../proof/state.ts'
import { readBooted } from './booted.ts'
import { runTeardown, thisHost } from './cleanup/run.ts'
import { planTeardown, printTeardown, type Scene, type Teardown } from './cleanup/teardown.ts'
import { usersOf } from './cleanup/users.ts'
import { live } from './live.ts'
import { parseMounts } from './mounts.ts'

const sceneOf = (config: string | undefined, providers: readonly LastingProvider[]): Scene => {
  const { plan, state } = readBooted(live, config, providers)
  const devices = cryptNames.flatMap((name): [CryptName, string][] => {
    const device = volumeIn(state, name)?.opened.data
    return device === undefined ? [] : [[name, device]]
  })
  const mounts = parseMounts(live.text('/proc/self/mountinfo') ?? '')
  return { plan, mounts, mappings: mappingNames(), devices: new Map(devices) }
}

/** The file systems that the steps unmount, each as `major:minor`. */
const devsOf = ({ mounts }: Scene, steps: readonly Teardown[]): Set<string> =>
  new Set(
    steps.flatMap((step) =>
      step.do === 'unmount'
        ? mounts.filter(({ target }) => target === step.target).map(({ dev }) => dev)
        : [],
    ),
  )

/** `keys`: the text of /proc/keys (proc_keys(5)). Fault: `cleanup-keys`, where one of the keys is ours. */
export const requireNoKeys = (keys: string): void => {
  const key = /^.* logon +cvmboot:.*$/m.exec(keys)?.[0]
  if (key !== undefined) throw fail('cleanup-keys', { key })
}

type CleanupOptions = {
  /** The key providers of the build that booted. */
  readonly providers: readonly LastingProvider[]
  readonly config: string | undefined
  readonly volumes: 'kept' | 'erased'
  readonly act: 'do' | 'say'
  /** Whether anybody will use the system afterwards. */
  readonly system: 'running' | 'ending'
}

/** Runs the clean-up, or prints its steps. Faults: `state-read`, `config-*`, `cmdline-*`, `cleanup-*`. */
export const cleanup = async ({ config, volumes, act, system, providers }: CleanupOptions): Promise<void> => {
  const scene = sceneOf(config, providers)
  const steps = planTeardown(scene, volumes)
  const users = usersOf(devsOf(scene, steps))
  const tell = (line: string) => void process.stdout.write(`${line}\n`)
  if (act === 'say') {
    for (const step of steps) tell(printTeardown(step))
    for (const { pid, name, path } of users)
      tell(`process ${pid} (${name}) prevents this clean-up: it uses ${path}`)
    return
  }
  const [user] = users
  if (user !== undefined && system === 'running') throw fail('cleanup-busy', user)
  let first: Fault | undefined
  for (const step of steps)
    try {
      await runTeardown(step, thisHost, system)
      tell(printTeardown(step))
    } catch (thrown) {
      if (system === 'running') throw thrown
      first ??= faultOf(thrown)
      process.stderr.write(`${say(faultOf(thrown))}\n`)
    }
  requireNoKeys(live.text('/proc/keys') ?? '')
  if (first !== undefined) throw new BootFault(first)
  if (steps.length === 0) tell('nothing is left to clean up')
}
