// Runs a verb in this process, called by its words.

import { production } from '../../src/editions/production.ts'
import { runVerb } from '../../src/verbs/index.ts'

/** Takes what follows the verb's name on a command line. */
export const verbOf =
  (name: string) =>
  (args: readonly string[], edition = production): Promise<void> =>
    runVerb([name, ...args], edition)
