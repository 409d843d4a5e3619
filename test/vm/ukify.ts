// ukify and the EFI stub of Debian 13, for a machine whose own release has no ukify: downloaded and unpacked, not
// installed, and run by this machine's Python.

import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { cached } from './cache.ts'
import { mmdebstrap } from './kernel.ts'

export type Ukify = {
  /** Named ukify. */
  readonly tool: string
  readonly stub: string
  /** Of what lies beside an image and adds to its command line. */
  readonly addonStub: string
}

const packages = ['systemd-ukify', 'systemd-boot-efi', 'python3-pefile']
const unpack = [
  'set -e; mkdir "$1/tools"; cd "$1/tools"; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"',
  `apt-get --quiet download ${packages.join(' ')}`,
  'for deb in *.deb; do dpkg-deb --extract "$deb" .; done; rm *.deb',
].join('; ')

const python = (directory: string) => `#!/bin/sh
PYTHONPATH=${directory}/tools/usr/lib/python3/dist-packages exec python3 ${directory}/tools/usr/bin/ukify "$@"
`

/** Kept from then on. */
export const trixieUkify = async (): Promise<Ukify> => {
  const entry = await cached('ukify', packages.concat(unpack), async (directory) => {
    const tar = join(directory, 'tools.tar')
    await mmdebstrap([
      ...['--variant=custom', `--customize-hook=${unpack}`, `--customize-hook=tar-out /tools "${tar}"`],
      ...['--customize-hook=rm -r "$1/tools"', 'trixie', '/dev/null'],
    ])
    await mkdir(join(directory, 'tools'))
    const into = ['--directory', join(directory, 'tools'), '--strip-components=1', '--no-same-owner']
    await run('tar', ['--extract', '--file', tar, ...into])
    await rm(tar)
  })
  // By the name that the entry has now.
  const tool = join(entry, 'ukify')
  await writeFile(tool, python(entry))
  await chmod(tool, 0o755)
  const stubs = join(entry, 'tools/usr/lib/systemd/boot/efi')
  return {
    tool,
    stub: join(stubs, 'linuxx64.efi.stub'),
    addonStub: join(stubs, 'addonx64.efi.stub'),
  }
}
