// The entry of the mock executable. The boot is imported here; the verbs for people are loaded on use.

import { cli } from './cli.ts'
import { mockEdition } from './editions/mock.ts'

await cli(process.argv.slice(2), mockEdition, () => import('./verbs/mock.ts'))
