// argv -> a boot, or one of the verbs for people, which are loaded on use: a boot starts with none of them.

import type { Edition } from './edition.ts'
import { exitStatus, faultOf, say } from './fault/index.ts'
import type { Pivot } from './system/pivot.ts'

type BootCall = { readonly pivot: Pivot; readonly do: 'boot' | 'check-cmdline' }

/** The options of `boot`, sorted, and what they ask for. src/verbs/ has their help; a test compares. */
const bootCalls: ReadonlyMap<string, BootCall> = new Map([
  ['', { pivot: 'own', do: 'boot' }],
  ['--hook', { pivot: 'framework', do: 'boot' }],
  ['--check-cmdline --hook', { pivot: 'framework', do: 'check-cmdline' }],
])

/** Undefined where the words are not a boot, or where src/verbs/ has to explain or refuse them. */
export const bootCallOf = ([verb, ...options]: readonly string[]): BootCall | undefined =>
  verb === 'boot' ? bootCalls.get(options.toSorted().join(' ')) : undefined

const bootHere = async (edition: Edition, pivot: Pivot): Promise<void> => {
  const [{ boot }, { linux }] = await Promise.all([import('./boot.ts'), import('./machine/linux.ts')])
  await boot(linux, edition, pivot)
}

/** Says "accepted" for the init that asks, since an exit status alone can come from a loader that was told not to run us. */
const checkHere = async (): Promise<void> => {
  const [{ checkCmdline }, { linux }] = await Promise.all([import('./boot.ts'), import('./machine/linux.ts')])
  await checkCmdline(linux)
  process.stdout.write('accepted\n')
}

const isInit = async (): Promise<boolean> =>
  process.pid === 1 && (await import('./machine/linux.ts')).linux.isInit()

const runWords = async (args: readonly string[], edition: Edition): Promise<void> => {
  const call = bootCallOf(args)
  if (call?.do === 'check-cmdline') return checkHere()
  if (call?.do === 'boot') return bootHere(edition, call.pivot)
  const { runVerb } = await import('./verbs/index.ts')
  await runVerb(args, edition)
}

/** Runs the command line. As the init the arguments are the host's words and mean nothing: it boots. */
export const cli = async (args: readonly string[], edition: Edition): Promise<void> => {
  if (await isInit()) return bootHere(edition, 'own')
  try {
    await runWords(args, edition)
  } catch (thrown) {
    const fault = faultOf(thrown)
    process.stderr.write(`${edition.name}: ${say(fault)}\n`)
    process.exitCode = exitStatus(fault)
  }
}
