// The entry of the npm package: the verbs of a build host, on a Node that may be older. It cannot boot.

import { runVerbOrExit } from './verbs/production.ts'

await runVerbOrExit(process.argv.slice(2))
