// argv -> a boot, or one of the verbs for people. The verbs are loaded on use, so that a boot loads none of them.

import { boot, requireCmdline } from './boot.ts'
import type { Edition } from './edition.ts'
import { orExit } from './exit.ts'
import { linux } from './machine/linux.ts'
import type { Pivot } from './system/pivot.ts'

type BootCall = { readonly pivot: Pivot; readonly do: 'boot' | 'check-cmdline' }

/** The options of `boot`, sorted -> the act that they ask for. src/verbs/boot.ts has their help; a test compares the two. */
const bootCalls: ReadonlyMap<string, BootCall> = new Map([
  ['', { pivot: 'own', do: 'boot' }],
  ['--hook', { pivot: 'framework', do: 'boot' }],
  ['--check-cmdline --hook', { pivot: 'framework', do: 'check-cmdline' }],
])

/** The boot that the words ask for. Undefined for another verb, and for options that src/verbs/boot.ts explains or refuses. */
export const bootCallOf = ([verb, ...options]: readonly string[]): BootCall | undefined =>
  verb === 'boot' ? bootCalls.get(options.toSorted().join(' ')) : undefined

/**
 * Prints "accepted" for the init that asks. An exit status alone proves nothing: a loader that was told not to run this
 * program exits with 0 as well.
 */
const checkHere = async (edition: Edition): Promise<void> => {
  await requireCmdline(linux, edition)
  process.stdout.write('accepted\n')
}

/** One of src/verbs/{production,mock}.ts. It prints the failures of the verb itself. */
type Verbs = { readonly runVerbOrExit: (words: readonly string[]) => Promise<void> }

/** Runs the command line. Where this process is the init, it boots and ignores its arguments: they are the host's words. */
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
