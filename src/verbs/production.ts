// The verbs of the production executable. They are a script of their own, which has its own copy of everything that it
// shares with the boot: src/verbs/asset.ts tells why.

import { production } from '../editions/production.ts'
import { orExit } from '../exit.ts'
import { runVerb } from './index.ts'

/** Runs the verb that the first word names; where it fails, says why and sets the exit status. */
export const runVerbOrExit = (words: readonly string[]): Promise<void> =>
  orExit(production, () => runVerb(words, production))
