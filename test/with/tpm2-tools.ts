// The program tpm2_checkquote of tpm2-tools, as an independent verifier: downloaded by apt from this machine's Debian and unpacked, not
// installed. The program asks no TPM.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { cached } from '../vm/cache.ts'

/** The program and the libraries that it loads, as Debian 12 has them: tpm2-tools 5.4, tpm2-tss 3.2.1. */
const packages = [
  'tpm2-tools=5.4-1',
  ...['esys-3.0.2-0', 'fapi1', 'mu0', 'rc0', 'sys1', 'tctildr0'].map((name) => `libtss2-${name}=3.2.1-3`),
]

/** The root of the unpacked packages; kept from then on. */
const unpacked = async (): Promise<string> => {
  const entry = await cached('tpm2-tools', packages, async (directory) => {
    const shell = [
      'set -e; cd "$1"; shift; apt-get --quiet=2 --option APT::Sandbox::User= download "$@"',
      'mkdir root; for deb in *.deb; do dpkg-deb --extract "$deb" root; done; rm *.deb',
    ].join('; ')
    await run('sh', ['-c', shell, 'sh', directory, ...packages])
  })
  return join(entry, 'root/usr')
}

/** Runs tpm2_checkquote. Throws where the quote is refused. */
export const tpm2Checkquote = async (): Promise<(options: readonly string[]) => void> => {
  const usr = await unpacked()
  const env = { LD_LIBRARY_PATH: join(usr, 'lib/x86_64-linux-gnu') }
  return (options) => {
    execFileSync(join(usr, 'bin/tpm2'), ['checkquote', ...options], { stdio: 'pipe', env })
  }
}
