// Variables that steer Node, OpenSSL or the loader: each is refused by its name, wherever it stands among the others.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hostileVariable } from '../../../src/cmdline/environment.ts'

const hostile = [
  'NODE_OPTIONS',
  'NODE_DEBUG',
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'OPENSSL_CONF',
  'SSL_CERT_FILE',
  'GLIBC_TUNABLES',
  'MALLOC_ARENA_MAX',
  'UV_THREADPOOL_SIZE',
  'V8_FLAGS',
]

for (const name of hostile)
  test(`${name} is refused`, () => {
    assert.is(hostileVariable(['HOME', 'TERM', name, 'PATH']), name)
  })

test('what the kernel itself hands to init is not', () => {
  assert.is(
    hostileVariable(['HOME', 'TERM', 'PATH', 'BOOT_IMAGE', 'XNODE_OPTIONS', 'GLIBC_TUNABLES_X']),
    undefined,
  )
})

test.run()
