// The verbs of the mock executable. They are a script of their own. This script has its own copy of all code that the boot
// uses too; src/verbs/asset.ts says why.

import { mockEdition } from '../editions/mock.ts'
import { orExit } from '../exit.ts'
import { runVerb } from './index.ts'

/** Runs the verb that the first word names. Where the verb fails, prints the reason and sets the exit status. */
export const runVerbOrExit = (words: readonly string[]): Promise<void> =>
  orExit(mockEdition, () => runVerb(words, mockEdition))
