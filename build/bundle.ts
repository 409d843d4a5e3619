// Bundles an entry and all its imports into one script. No script is minified, so that people can read it. An executable has
// two scripts: one for the boot, and one for the verbs for people.

import { join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { readTrees } from '../src/install/frameworks.ts'
import { run } from '../src/machine/exec.ts'

export const root = join(import.meta.dirname, '..')

export type Bundle = { readonly text: string; readonly meta: Metafile }

/** What `--version` says, as src/version.ts finds it. */
export type Identity = { readonly project: string; readonly git: string }

/** The option safe.directory is for containers, in which the work tree often belongs to another user than the builder. */
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
      // Node loads node:process at every start anyway, and its list of names differs between Node processes.
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
 * Replaces two files of a run from source in the script of a boot. The headers of the replacements say why:
 * src/verbs/asset.ts, src/fault/boot-families.ts.
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
      // A script has no project files beside it, so code that looks for them has to do without them in a build.
      'import.meta.dirname': '""',
      __CVMBOOT_VERSION__: JSON.stringify(identity.project),
      __CVMBOOT_GIT__: JSON.stringify(identity.git),
      // JSON in a string, which the executable parses on first use.
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

/** The mock has entries of its own instead of a setting, so that its code is in no production file. */
export const products = {
  production: { name: 'cvmboot', boot: 'src/main.ts', verbs: 'src/verbs/production.ts' },
  mock: { name: 'cvmboot-mock', boot: 'src/main-mock.ts', verbs: 'src/verbs/mock.ts' },
} as const satisfies Readonly<Record<string, Product>>

/** The script that every start evaluates, and the script that only verbs for people evaluate. The two share no state. */
export type Scripts = { readonly boot: Bundle; readonly verbs: Bundle }

export const bundleProduct = async (product: Product, identity: Identity): Promise<Scripts> => {
  const boot = { ...executable, plugins: [...executable.plugins, bootAlone] }
  const verbs: Shape = { ...executable, format: 'cjs' }
  return {
    boot: await bundleAs(boot, product.boot, identity),
    verbs: await bundleAs(verbs, product.verbs, identity),
  }
}
