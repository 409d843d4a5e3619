// The entry of the npm package. It has the verbs, for a build host whose Node may be older, and it cannot boot.

import { runVerbOrExit } from './verbs/production.ts'

await runVerbOrExit(process.argv.slice(2))
