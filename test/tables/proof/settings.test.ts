// The proofs of masks, settings, swap, the TEE and headers.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { headerDigest } from '../../../src/layout/luks2/digest.ts'
import { headerAreaBytes } from '../../../src/layout/luks2/luks2.ts'
import { headerDiffers } from '../../../src/proof/header.ts'
import { maskDiffers } from '../../../src/proof/mask.ts'
import { lackOf, settingDiffers } from '../../../src/proof/setting.ts'
import { swapDiffers } from '../../../src/proof/swap.ts'
import { isClosed } from '../../../src/proof/tee.ts'

test('a mask leads to an empty file', () => {
  assert.is(maskDiffers(0), undefined)
  assert.is(maskDiffers(1), 'a file')
  assert.is(maskDiffers(undefined), 'not masked')
})

for (const [setting, now, expected] of [
  [['kernel.sysrq', '0'], '0\n', undefined],
  [['kernel.sysrq', '0'], '438\n', '438'],
  [['kernel.sysrq', '0'], undefined, 'not to be seen'],
  // A larger number allows less.
  [['kernel.kptr_restrict', '1'], '2', undefined],
  [['kernel.kptr_restrict', '2'], '1', '1'],
  [['lockdown', 'integrity'], 'none [integrity] confidentiality\n', undefined],
  [['lockdown', 'integrity'], '[none] integrity confidentiality', '[none] integrity confidentiality'],
] as const)
  test(`${setting.join('=')} where the kernel shows ${JSON.stringify(now)}`, () =>
    assert.is(settingDiffers(setting, now), expected))

test('what a kernel lacks is harmless, unguarded, or ends the boot', () => {
  assert.is(lackOf(['kernel.io_uring_disabled', '2'], undefined), 'unguarded')
  assert.is(lackOf(['fs.protected_fifos', '2'], undefined), 'harmless')
  assert.is(lackOf(['lockdown', 'integrity'], undefined), undefined)
  assert.is(lackOf(['kernel.io_uring_disabled', '2'], '0'), undefined)
})

test('any swap in use differs', () => {
  assert.is(swapDiffers([]), undefined)
  assert.is(swapDiffers(['/dev/zram0', '/swap']), '/dev/zram0')
})

test('a TEE is closed where its driver is gone, or never was there', () => {
  const drivers = ['absent', 'removed', 'built in', 'loaded'] as const
  assert.equal(drivers.filter(isClosed), ['absent', 'removed'])
})

test('a header is the one that the boot opened, and nothing lies in wait behind it', () => {
  const area = Buffer.alloc(headerAreaBytes, 7)
  const spare = Buffer.alloc(headerAreaBytes)
  const digest = headerDigest(area)
  assert.is(headerDiffers(digest, { area, spare }), undefined)
  const changed = Buffer.from(area)
  changed.writeUInt8(8, 5)
  assert.is(headerDiffers(digest, { area: changed, spare }), 'is not the one that this boot opened')
  assert.is(headerDiffers(digest, { area, spare: area }), 'has another one behind it')
})

test.run()
