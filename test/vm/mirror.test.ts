// The mirror is found in each form that apt's sources can have, and its name stays on this machine.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as assert from 'uvu/assert'
import { suite } from '../with/suite.ts'
import { debianMirror, masked } from './mirror.ts'

const test = suite('mirror')

const mirrorFrom = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const apt = await mkdtemp(join(tmpdir(), 'cvmboot-apt-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(apt, name)), { recursive: true })
      await writeFile(join(apt, name), text.replaceAll('@APT@', apt))
    }
    return debianMirror(apt)
  } finally {
    await rm(apt, { recursive: true })
  }
}

const deb822 = (uri: string, more = ''): string =>
  `Types: deb\n# as installed\nURIs: ${uri}\nSuites: bookworm bookworm-updates\nComponents: main\n${more}\n`

test('deb822', async () => {
  const mirror = await mirrorFrom({
    'sources.list.d/debian.sources': `${deb822('http://one.example/debian-security')}\n${deb822('http://two.example/debian/')}`,
  })
  assert.is(mirror, 'http://two.example/debian')
})

test('one line', async () => {
  const mirror = await mirrorFrom({
    'sources.list':
      '# deb http://no.example/debian bookworm main\ndeb cdrom:[Debian 12]/ bookworm main\ndeb [arch=amd64] https://three.example/debian bookworm main contrib\n',
  })
  assert.is(mirror, 'https://three.example/debian')
})

test('a list of mirrors in a file, as cloud images have it', async () => {
  const mirror = await mirrorFrom({
    'mirrors/debian.list': 'https://four.example/debian\n',
    'sources.list.d/debian.sources': deb822('mirror+file:@APT@/mirrors/debian.list'),
  })
  assert.is(mirror, 'https://four.example/debian')
})

test('sources of others and disabled ones do not count', async () => {
  const mirror = await mirrorFrom({
    'sources.list.d/a.sources': deb822(
      'https://vendor.example/debian',
      'Signed-By: /usr/share/keyrings/vendor.gpg',
    ),
    'sources.list.d/b.list':
      'deb [signed-by=/etc/apt/keyrings/x.gpg] https://x.example/debian bookworm main\n',
    'sources.list.d/c.sources': deb822('https://off.example/debian', 'Enabled: no'),
    'sources.list.d/d.sources.disabled': deb822('https://gone.example/debian'),
    'sources.list.d/e.sources': deb822(
      'https://five.example/debian',
      'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
    ),
  })
  assert.is(mirror, 'https://five.example/debian')
})

test('without one, it says so', async () => {
  try {
    await mirrorFrom({})
    assert.unreachable()
  } catch (thrown) {
    assert.match(String(thrown), /cannot find a Debian mirror/)
  }
})

test('its name is hidden in what is printed', () => {
  assert.is(
    masked('Get:1 https://six.example:8080/debian trixie/main'),
    'Get:1 https://MIRROR/debian trixie/main',
  )
})

test.run()
