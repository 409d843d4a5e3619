// The libraries that a program needs, as `pack` finds them.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import { librariesOf, parseLibraries } from '../../../src/pack/libraries.ts'

const vdso = '\tlinux-vdso.so.1 (0x00007fc48b1e8000)\n'
const libc = '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fc48ac1e000)\n'
const loader = '\t/lib64/ld-linux-x86-64.so.2 (0x00007fc48b1ea000)\n'

const message = (text: string): string => {
  try {
    parseLibraries(text, '/bin/x')
  } catch (thrown) {
    if (thrown instanceof BootFault) return thrown.message
  }
  return ''
}

test('libraries and the loader are found where they will be looked for', () => {
  assert.equal(parseLibraries(vdso + libc + loader, '/bin/x'), [
    '/lib/x86_64-linux-gnu/libc.so.6',
    '/lib64/ld-linux-x86-64.so.2',
  ])
})

for (const [what, line, reason] of [
  ['a library that is missing', '\tlibx.so => not found\n', /it needs libx\.so, which is not here/],
  [
    'a library in a directory of its own',
    '\tlibx.so => /opt/x/bin/../lib/libx.so (0x00007fc48ac1e000)\n',
    /finds libx\.so as \/opt\/x\/bin\/\.\.\/lib\/libx\.so/,
  ],
  [
    'a library for newer CPUs',
    '\tlibx.so => /lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libx.so (0x00007fc48ac1e000)\n',
    /where the initramfs would not have it/,
  ],
  ['words of another form', '\tstatically linked\n', /ld\.so says of it: statically linked/],
  ['a cut address', '\tlibc.so.6 => /lib/libc.so.6 (0x00007f\n', /ld\.so says/],
] as const)
  test(`${what} is refused`, () => {
    assert.match(message(vdso + line), /^pack-input: cannot pack \/bin\/x: /)
    assert.match(message(vdso + line), reason)
  })

test('the libraries of a real program contain libc and the loader', async () => {
  const found = await librariesOf('/bin/true')
  assert.ok(found.some((path) => path.endsWith('/libc.so.6')))
  assert.ok(found.includes('/lib64/ld-linux-x86-64.so.2'))
})

test('a file that is no program is refused', async () => {
  const thrown = await librariesOf('/etc/passwd').catch((e) => e)
  assert.match(thrown.message, /^pack-input: cannot pack \/etc\/passwd: it is no dynamic x86-64 program/)
})

test.run()
