// An entry for tests of the executable itself: small, and able to wait for a signal.

import { printVersion } from '../../../src/version.ts'

const verb = process.argv[2]
if (verb === '--version') process.stdout.write(`${printVersion('cvmboot')}`)
if (verb === 'node') process.stdout.write(JSON.stringify({ execArgv: process.execArgv, env: process.env }))
if (verb === 'ffi') process.stdout.write(typeof (await import('node:ffi')).dlopen)
if (verb === 'run') {
  const { run } = await import('../../../src/machine/exec.ts')
  process.stdout.write(await run('uname', []))
}
if (verb === 'wait') {
  process.stdout.write('ready\n')
  setTimeout(() => process.stdout.write('unharmed\n'), 1000)
}
