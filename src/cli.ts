// argv -> a boot, or one of the verbs for people, which are loaded on use: a boot starts with none of them.

import { boot, checkCmdline } from './boot.ts'
import type { Edition } from './edition.ts'
import { orExit } from './exit.ts'
import { linux } from './machine/linux.ts'
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

/** Says "accepted" for the init that asks, since an exit status alone can come from a loader that was told not to run us. */
const checkHere = async (edition: Edition): Promise<void> => {
  await checkCmdline(linux, edition)
  process.stdout.write('accepted\n')
}

/** One of src/verbs/{production,mock}.ts, which says its own failures. */
type Verbs = { readonly runVerbOrExit: (words: readonly string[]) => Promise<void> }

/** Runs the command line. As the init the arguments are the host's words and mean nothing: it boots. */
export const cli = async (
  words: readonly string[],
  edition: Edition,
  loadVerbs: () => Promise<Verbs>,
): Promise<void> => {
  if (linux.isInit()) return boot(linux, edition, 'own')
  const call = bootCallOf(words)
  if (call === undefined) return (await loadVerbs()).runVerbOrExit(words)
  await orExit(edition, () => (call.do === 'boot' ? boot(linux, edition, call.pivot) : checkHere(edition)))
}
