// The promises of every boot, asked from inside, for each pivot and each release of the root.

import * as assert from 'uvu/assert'
import { verityNames } from '../../src/layout/layout.ts'
import { evidenceOf } from '../../src/proof/state.ts'
import type { Report } from './guest-report.ts'
import { wordValue } from './matrix/row.ts'

/** Throws where the report does not keep one of the promises; `cmdline` is what `setup` printed. */
export const checkInside = ({ facts, state }: Report, cmdline: string): void => {
  const fact = (key: string): string => facts.get(key) ?? `(no fact ${key})`
  for (const [volume, at] of [
    ['root-fs', '/'],
    ['oem-launcher', '/mnt/nvflare/oem-launcher'],
    ['os-config', '/mnt/nvflare/os-config'],
  ] as const) {
    assert.match(fact(`mount ${at}`), new RegExp(`^erofs ${fact(`device ${volume}`)} ro,`))
    assert.is(fact(`read-only ${volume}`), '1')
    assert.match(fact(`status ${volume}`), / verity V( -)?$/)
    assert.match(fact(`table ${volume}`), new RegExp(` ${wordValue(cmdline, `cvmboot.roothash.${volume}`)} `))
    assert.is(fact(`write ${at}`), 'Read-only file system')
  }
  assert.match(fact('remount /'), /write-protected/)
  assert.match(fact('table workspace'), / crypt aes-xts-plain64 :64:logon:cvmboot:workspace /)
  assert.match(fact('mount /mnt/nvflare/workspace'), new RegExp(`^ext4 ${fact('device workspace')} rw,`))
  for (const volume of ['workspace', 'job-store']) assert.is(fact(`read back ${volume}`), 'same')
  assert.match(fact('mount /tmp'), /^tmpfs \S+ rw,nosuid,nodev,.*\bsize=131072k\b/)
  for (const path of ['/etc', '/var']) {
    assert.match(fact(`mount ${path}`), /upperdir=\/run\/cvmboot\/overlay/)
    assert.is(fact(`write ${path}`), 'done')
  }
  assert.is(fact('swaps'), '0')
  assert.match(fact('launcher'), new RegExp(`^ran from \\S+ \\(${fact('device oem-launcher')}\\)`))
  assert.is(fact('site'), 'site=hospital-1')
  assert.is(state.edition, 'cvmboot-mock')
  assert.equal(evidenceOf(state, 'open-verity').length, verityNames.length)
}
