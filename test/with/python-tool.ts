// A program of PyPI for tests, in an environment of its own, kept from then on.

import { join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { cached } from '../vm/cache.ts'
import { masked } from '../vm/mirror.ts'

/** `release` names the package and its version, as pip takes them: `sev-snp-measure==0.0.13`. The directory of its programs. */
export const pythonTool = async (name: string, release: string): Promise<string> => {
  // An environment has its own path in it, so it is made where it stays, and the entry of the cache points there.
  const entry = await cached(`python-${name}`, [release], async (directory) => {
    const env = { PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1', ...network() }
    try {
      await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', join(directory, 'lib'), release], {
        env,
      })
    } catch (thrown) {
      throw new Error(`cannot get ${release} of PyPI today: ${masked(String(thrown)).slice(-1000)}`)
    }
  })
  return join(entry, 'lib')
}

/** What pip needs to know of the network and its index. */
const network = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined &&
      /^(?:PIP_|https?_proxy$|no_proxy$|SSL_CERT_FILE$|REQUESTS_CA_BUNDLE$|HOME$)/i.test(name)
        ? [[name, value]]
        : [],
    ),
  )
