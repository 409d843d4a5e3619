// Files of os-config that may not lie over /etc: `setup` refuses them, while their owner can still mend the tree.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { faultFrom, place, plant, scratch, setUp, tool } from '../../with/setup-rig.ts'

const over = join(scratch, 'over.conf')
writeFileSync(over, 'WORKSPACE_SIZE=3M\nJOBSTORE_SIZE=2M\nCONFIG_OVER_ETC="hostname systemd/network/"\n')
const shadowing = plant('shadowing', { 'etc/hostname': 'x\n', 'etc/ld.so.preload': '/x\n' })

for (const kind of ['directory', 'tar'] as const)
  test(`a ${kind} for os-config with what the boot would refuse is refused`, async () => {
    const at = place()
    const tar = join(at, 'config.tar')
    if (kind === 'tar') tool('tar', '-C', shadowing, '-cf', tar, '.')
    const given = { 'os-config': kind === 'tar' ? tar : shadowing, disk: join(at, 'disk.img') }
    const refused = await faultFrom(() => setUp({ ...given, config: over }))
    assert.is(refused.code, 'config-shadows')
    assert.match(refused.said, /its etc\/ld\.so\.preload must not be there: .*; .*only root-fs may bring it/)
    await setUp(given)
  })

test('a file that the list does not name is refused, with the line that names all of them', async () => {
  const tree = plant('unnamed', {
    'etc/hostname': 'x\n',
    'etc/nvflare/a': '',
    'etc/nvflare/b': '',
    'etc/motd': '',
  })
  const disk = join(place(), 'disk.img')
  const refused = await faultFrom(() => setUp({ 'os-config': tree, disk, config: over }))
  assert.is(refused.code, 'config-shadows')
  assert.match(
    refused.said,
    /must not be there: CONFIG_OVER_ETC does not name it; .*partition\.conf say CONFIG_OVER_ETC="hostname motd nvflare\/"$/,
  )
  const longer = join(scratch, 'longer.conf')
  writeFileSync(longer, 'WORKSPACE_SIZE=3M\nJOBSTORE_SIZE=2M\nCONFIG_OVER_ETC="hostname motd nvflare/"\n')
  await setUp({ 'os-config': tree, disk, config: longer })
})

test('a tree is taken whoever it belongs to here, as far as only root can write to it in the image', async () => {
  const tree = plant('fine', { 'etc/systemd/network/10.network': '' })
  await setUp({ 'os-config': tree, disk: join(place(), 'disk.img'), config: over })
  tool('chmod', '0777', join(tree, 'etc/systemd'))
  const loose = await faultFrom(() =>
    setUp({ 'os-config': tree, disk: join(place(), 'disk.img'), config: over }),
  )
  assert.match(loose.said, /^config-shadows: .*etc\/systemd must not be there: others than root may write/)
})

test.run()
