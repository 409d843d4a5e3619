// Refusals that the command line or the build decides, each a real boot that must end in one line and nothing else.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkRefusal, refused } from './refusal.ts'
import { power, world } from './world.ts'

const test = suite('refusals')

const without = (cmdline: string, name: string): string =>
  cmdline
    .split(' ')
    .filter((word) => !word.startsWith(`${name}=`))
    .join(' ')

test('a missing root hash', async () => {
  const from = await world()
  const cmdline = without(from.cmdline, 'cvmboot.roothash.os-config')
  const line = await refused(from, 'cmdline-missing', { cmdline })
  assert.match(line, /cvmboot\.roothash\.os-config/)
})

test('an unknown parameter of ours', async () => {
  const from = await world()
  const line = await refused(from, 'cmdline-unknown', { cmdline: `${from.cmdline} cvmboot.verify=no` })
  assert.match(line, /cvmboot\.verify/)
})

test('a production build outside a confidential VM', async () => {
  await refused(await world(), 'cvm-absent', { edition: 'cvmboot' })
})

// The kernel hands unknown words without a dot to PID 1 as its environment.
for (const word of ['NODE_OPTIONS=--require=/x', 'LD_PRELOAD=/x'])
  test(`${word} on the kernel command line`, async () => {
    const from = await world()
    const line = await refused(from, 'environment-hostile', { cmdline: `${from.cmdline} ${word}` })
    assert.match(line, new RegExp(word.split('=')[0] ?? ''))
  })

test('on-failure=poweroff ends the machine', async () => {
  const from = await world()
  const cmdline = `${from.cmdline} cvmboot.on-failure=poweroff cvmboot.nonsense`
  const result = await power(from, { cmdline, timeoutSeconds: 180 })
  checkRefusal(result, 'cmdline-unknown')
  assert.is(result.ended, 'off')
  assert.match(result.console, /reboot: Power down/)
})

test.run()
