// One entry and all it imports as one ES module, for people to read too: nothing is minified.

import { join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { readTrees } from '../src/install/frameworks.ts'
import { run } from '../src/machine/exec.ts'

export const root = join(import.meta.dirname, '..')

export type Bundle = { readonly text: string; readonly meta: Metafile }

/** What `--version` says, as src/version.ts finds it. */
export type Identity = { readonly project: string; readonly git: string }

/** safe.directory: in a container the work tree often belongs to another user than the one who builds. */
export const gitVersion = async (): Promise<string> => {
  const describe = ['-c', 'safe.directory=*', 'describe', '--always', '--dirty']
  return (await run('git', describe, { cwd: root }).catch(() => 'unknown')).trim()
}

/**
 * esbuild lifts `import 'node:x'` to the top of the bundle, where Node evaluates all of them at every start: 60 million
 * instructions, half of them node:crypto's. So each builtin becomes a module of getters, and is loaded when the first
 * of its exports is used.
 */
const builtinsWhenUsed: Plugin = {
  name: 'builtins-when-used',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }))
    onLoad({ filter: /./, namespace: 'builtin' }, async ({ path }) => {
      // Always there; and its names are those of the process that builds, which come and go.
      if (path === 'node:process') return { contents: 'module.exports = process' }
      const names = Object.keys((await import(path)).default)
      const builtin = `process.getBuiltinModule(${JSON.stringify(path)})`
      return {
        contents: `for (const name of ${JSON.stringify(names)})
  Object.defineProperty(exports, name, { enumerable: true, get: () => ${builtin}[name] })`,
      }
    })
  },
}

/**
 * `entry` is relative to the project: absolute paths would end up in the bundle and differ by builder. `target` is the Node
 * that has to understand it, as esbuild names it.
 */
export const bundle = async (entry: string, identity: Identity, target = 'node26'): Promise<Bundle> => {
  const built = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    outfile: 'bundle.mjs',
    format: 'esm',
    platform: 'node',
    target,
    charset: 'utf8',
    logLevel: 'warning',
    plugins: [builtinsWhenUsed],
    define: {
      __CVMBOOT_VERSION__: JSON.stringify(identity.project),
      __CVMBOOT_GIT__: JSON.stringify(identity.git),
      // A string in a string: parsed when it is asked for.
      __CVMBOOT_TREES__: JSON.stringify(JSON.stringify(readTrees(root))),
    },
  })
  return { text: built.outputFiles[0]?.text ?? '', meta: built.metafile }
}
