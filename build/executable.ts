// Makes one executable from scripts: a SEA blob is injected into the stripped Node, then the section headers are removed.
// The same scripts and the same Node give the same bytes; test/tools/build/ proves it.

import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { run } from '../src/machine/exec.ts'
import { pinnedNode, strippedNode } from './base.ts'
import { root } from './bundle.ts'
import { withoutSections } from './elf.ts'

/** Flags of every start. With execArgvExtension "none" a user can add no flag. None of the flags changes how V8 compiles. */
const execArgv = [
  // SIGUSR1 would open a debugger on a port.
  '--disable-sigusr1',
  // No helper threads for a process that lives for two seconds: 3 threads instead of 7.
  '--v8-pool-size=0',
  '--disable-warning=ExperimentalWarning',
]

/**
 * A fixed hash seed, used only while the code cache is made: otherwise seeds, and so the bytes, differ by run. V8 accepts the
 * cache at any other seed. At run time the flag would cost 10 ms, since Node would make its own snapshot again, and the numbers
 * of Math.random would be known to all.
 */
const sameSeed = '--random-seed=42'

const postject = join(root, 'node_modules/postject/dist/cli.js')
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** Text by the name that `getAsset` of node:sea has for it. */
type Assets = Readonly<Record<string, string>>

/** Writes the executable `output`, whole or not at all. Every start evaluates `script`; assets only lie in the file. */
export const makeExecutable = async (script: string, output: string, assets: Assets = {}): Promise<void> => {
  await mkdir(dirname(output), { recursive: true })
  const work = await mkdtemp(join(dirname(output), `.${basename(output)}-`))
  try {
    // Relative names: the blob records the path of its main script.
    const config = {
      main: 'cvmboot.mjs',
      mainFormat: 'module',
      output: 'blob',
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      useCodeCache: true,
      execArgv,
      execArgvExtension: 'none',
      assets: Object.fromEntries(Object.keys(assets).map((name) => [name, name])),
    }
    await writeFile(join(work, config.main), script)
    for (const [name, text] of Object.entries(assets)) await writeFile(join(work, name), text)
    await writeFile(join(work, 'sea.json'), JSON.stringify(config))
    await run(pinnedNode, [sameSeed, '--experimental-sea-config', 'sea.json'], { cwd: work })
    const executable = join(work, 'executable')
    await copyFile(await strippedNode(), executable)
    await chmod(executable, 0o755)
    // A process of its own keeps postject's warnings about removed section names out of the output.
    await run(pinnedNode, [postject, executable, 'NODE_SEA_BLOB', config.output, '--sentinel-fuse', fuse], {
      cwd: work,
    })
    await writeFile(executable, withoutSections(await readFile(executable)))
    await rename(executable, output)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
