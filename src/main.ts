// The entry of the production executable. The boot is imported here; the verbs for people are loaded on use.

import { cli } from './cli.ts'
import { production } from './editions/production.ts'

await cli(process.argv.slice(2), production, () => import('./verbs/production.ts'))
