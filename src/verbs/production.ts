// The verbs of the production executable. They are a script of their own. This script has its own copy of all code that the
// boot uses too; src/verbs/asset.ts says why.

import { production } from '../editions/production.ts'
import { orExit } from '../exit.ts'
import { runVerb } from './index.ts'

/** Runs the verb that the first word names. Where the verb fails, prints the reason and sets the exit status. */
export const runVerbOrExit = (words: readonly string[]): Promise<void> =>
  orExit(production, () => runVerb(words, production))
