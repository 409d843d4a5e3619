// `npm run fuzz -- [SEED] [INPUTS]`: every fuzzer, a million inputs in all unless told otherwise.
// Ends with status 1 at the first finding, after saying what makes it again.

import { Finding, fuzz, inputsFor } from './run.ts'
import { targets } from './targets.ts'

const [seedText = '20260101', inputsText = '1000000'] = process.argv.slice(2)
const seed = Number(seedText)
const inputs = Number(inputsText)
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(inputs) || inputs < 1) {
  process.stderr.write('usage: node test/fuzz/long.ts [SEED] [INPUTS]\n')
  process.exit(2)
}

const line = (...cells: readonly (string | number)[]): void => {
  const [name = '', ...rest] = cells.map(String)
  process.stdout.write(`${name.padEnd(28)}${rest.map((cell) => cell.padStart(11)).join('')}\n`)
}

process.stdout.write(`seed ${seed}\n`)
line('target', 'inputs', 'accepted', 'seconds')
const total = { inputs: 0, accepted: 0 }
const began = performance.now()
const since = (start: number): string => ((performance.now() - start) / 1000).toFixed(1)
try {
  for (const one of targets) {
    const started = performance.now()
    const count = Math.max(inputsFor(one, targets, inputs), one.seeds)
    const accepted = await fuzz(one, seed, count)
    line(one.name, count, accepted, since(started))
    total.inputs += count
    total.accepted += accepted
  }
  line('all', total.inputs, total.accepted, since(began))
} catch (thrown) {
  if (!(thrown instanceof Finding)) throw thrown
  process.stdout.write(`\n${thrown.message}\n\nagain: node test/fuzz/long.ts ${seed} ${inputs}\n`)
  process.exitCode = 1
}
