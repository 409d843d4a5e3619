// cryptsetup opens the volumes that we format, and we open the volumes that cryptsetup formats.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { headerAreaBytes, openLuks2, parseLuks2 } from '../../../src/layout/luks2/luks2.ts'
import { toolPath } from '../../../src/machine/exec.ts'
import { jsonOf } from '../../with/luks2-edit.ts'
import { goodArea, owner, tee } from '../../with/luks2-good.ts'

const profiles = ['xts', 'xts-hmac'] as const

const cryptsetup = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync('cryptsetup', args, {
    encoding: 'utf8',
    env: { PATH: toolPath, LC_ALL: 'C' },
  })
  assert.is(status, 0, stderr)
  return stdout
}

const profileOptions = [
  ...[
    '--batch-mode',
    '--type',
    'luks2',
    '--cipher',
    'aes-xts-plain64',
    '--key-size',
    '512',
    '--hash',
    'sha256',
  ],
  ...['--sector-size', '4096', '--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'],
]

test('cryptsetup and cvmboot each open what the other formats', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-luks2-'))
  try {
    const [disk = '', key = '', ownerKey = ''] = ['disk', 'key', 'owner'].map((name) => join(scratch, name))
    writeFileSync(key, tee.passphrase)
    writeFileSync(ownerKey, owner.passphrase)
    for (const profile of profiles) {
      writeFileSync(disk, goodArea(profile))
      truncateSync(disk, 16 * headerAreaBytes)
      for (const [slot, file] of [
        ['0', key],
        ['1', ownerKey],
      ] as const)
        cryptsetup('open', '--test-passphrase', '--key-slot', slot, '--key-file', file, disk)
      // What it reads is what we wrote, without its own repairs.
      assert.equal(
        JSON.parse(cryptsetup('luksDump', '--dump-json-metadata', disk)),
        JSON.parse(jsonOf(goodArea(profile))),
      )
      cryptsetup('repair', '--batch-mode', disk)
      assert.equal(readFileSync(disk).subarray(0, headerAreaBytes), goodArea(profile))
    }
    const sizes = [
      '--offset',
      '4096',
      '--luks2-metadata-size',
      '16k',
      '--luks2-keyslots-size',
      '1015808',
      '--label',
      'workspace',
    ]
    cryptsetup('luksFormat', ...profileOptions, ...sizes, '--key-file', key, disk)
    const one = parseLuks2(readFileSync(disk), 'job-store', 'xts')
    const volumeKey = openLuks2(one, 'job-store', 0, tee.passphrase)
    cryptsetup(
      'luksAddKey',
      ...profileOptions.slice(0, 1),
      ...profileOptions.slice(7, 9),
      ...profileOptions.slice(11),
      '--key-file',
      key,
      disk,
      ownerKey,
    )
    const two = parseLuks2(readFileSync(disk), 'job-store', 'xts')
    assert.equal(openLuks2(two, 'job-store', 1, owner.passphrase), volumeKey)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

test.run()
