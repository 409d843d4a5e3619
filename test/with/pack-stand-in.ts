// An entry with the verb `pack` only.

import { pack } from '../../src/pack/pack.ts'
import { printVersion } from '../../src/version.ts'

if (process.argv[2] === 'pack') await pack(process.argv.slice(3))
else process.stdout.write(printVersion('cvmboot'))
