// The verbs of the mock executable. They are a script of their own, which has its own copy of everything that it
// shares with the boot: src/verbs/asset.ts tells why.

import { mockEdition } from '../editions/mock.ts'
import { orExit } from '../exit.ts'
import { runVerb } from './index.ts'

/** Runs the verb that the first word names; where it fails, says why and sets the exit status. */
export const runVerbOrExit = (words: readonly string[]): Promise<void> =>
  orExit(mockEdition, () => runVerb(words, mockEdition))
