// An entry with the verb `pack` only.

import { printVersion } from '../../src/version.ts'
import { verbOf } from './verb.ts'

if (process.argv[2] === 'pack') await verbOf('pack')(process.argv.slice(3))
else process.stdout.write(printVersion('cvmboot'))
