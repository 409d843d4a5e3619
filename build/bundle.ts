// An entry and all it imports as one script, for people to read too: nothing is minified. An executable has two scripts:
// the boot's, and that of the verbs for people.

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
 * What the script of a boot has in place of what a run from source imports. The files in place say why: src/verbs/asset.ts,
 * src/fault/boot-families.ts.
 */
const bootAlone: Plugin = {
  name: 'boot-alone',
  setup: ({ onResolve }) => {
    const replace = (filter: RegExp, path: string) =>
      onResolve({ filter }, ({ importer }) =>
        importer.startsWith(join(root, 'src/')) ? { path: join(root, path) } : undefined,
      )
    replace(/^\.\/verbs\/(?:production|mock)\.ts$/, 'src/verbs/asset.ts')
    replace(/^\.\/families\.ts$/, 'src/fault/boot-families.ts')
  },
}

type Shape = {
  readonly format: 'esm' | 'cjs'
  /** The Node that has to understand the script, as esbuild names it. */
  readonly target: string
  readonly plugins: readonly Plugin[]
}

const executable: Shape = { format: 'esm', target: 'node26', plugins: [builtinsWhenUsed] }

/** `entry` is relative to the project: absolute paths would end up in the bundle and differ by builder. */
const bundleAs = async (shape: Shape, entry: string, identity: Identity): Promise<Bundle> => {
  const built = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    outfile: 'bundle.js',
    format: shape.format,
    platform: 'node',
    target: shape.target,
    charset: 'utf8',
    logLevel: 'warning',
    plugins: [...shape.plugins],
    define: {
      // Nothing lies beside a script; whatever asks where it lies has to do without in a build.
      'import.meta.dirname': '""',
      __CVMBOOT_VERSION__: JSON.stringify(identity.project),
      __CVMBOOT_GIT__: JSON.stringify(identity.git),
      // A string in a string: parsed when it is asked for.
      __CVMBOOT_TREES__: JSON.stringify(JSON.stringify(readTrees(root))),
    },
  })
  return { text: built.outputFiles[0]?.text ?? '', meta: built.metafile }
}

/** All that an entry imports, in one script. `target` is the Node that has to understand it, as esbuild names it. */
export const bundle = (entry: string, identity: Identity, target = executable.target): Promise<Bundle> =>
  bundleAs({ ...executable, target }, entry, identity)

/** One of the two executables: its name, the entry that boots, and the entry with the verbs for people. */
export type Product = { readonly name: string; readonly boot: string; readonly verbs: string }

/** The mock has other entries, not another setting: what only they import is in no production file. */
export const products = {
  production: { name: 'cvmboot', boot: 'src/main.ts', verbs: 'src/verbs/production.ts' },
  mock: { name: 'cvmboot-mock', boot: 'src/main-mock.ts', verbs: 'src/verbs/mock.ts' },
} as const satisfies Readonly<Record<string, Product>>

/** The script that every start evaluates, and the one that only a verb for people does. They share nothing. */
export type Scripts = { readonly boot: Bundle; readonly verbs: Bundle }

export const bundleProduct = async (product: Product, identity: Identity): Promise<Scripts> => {
  const boot = { ...executable, plugins: [...executable.plugins, bootAlone] }
  const verbs: Shape = { ...executable, format: 'cjs' }
  return {
    boot: await bundleAs(boot, product.boot, identity),
    verbs: await bundleAs(verbs, product.verbs, identity),
  }
}
