// Runs the test files it is given in one process, with one summary. uvu's own runner looks for files through links,
// and those in the guest's trees lead to places this machine need not have.

import { resolve } from 'node:path'
import { run } from 'uvu/run'

await run(process.argv.slice(2).map((name) => ({ name, file: resolve(name) })))
