// `npm run build`: dist/cvmboot and dist/cvmboot-mock, each with its bundle and esbuild's list of what is in it, and the
// manual pages.
// The mock is another entry, not another setting: what only it imports is in no production file.

import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { manPages } from '../src/install/man/pages.ts'
import { printPage } from '../src/install/man/roff.ts'
import { bundle, gitVersion, root } from './bundle.ts'
import { makeExecutable } from './executable.ts'

const products = [
  { name: 'cvmboot', entry: 'src/main.ts' },
  { name: 'cvmboot-mock', entry: 'src/main-mock.ts' },
] as const

const output = join(root, 'dist')
const project: string = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).version
const identity = { project, git: await gitVersion() }

/** Whole or not at all: tests that run beside a build read these. */
const write = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

await mkdir(output, { recursive: true })
for (const { name, entry } of products) {
  const { text, meta } = await bundle(entry, identity)
  await write(join(output, `${name}.mjs`), text)
  await write(join(output, `${name}.meta.json`), `${JSON.stringify(meta, null, 2)}\n`)
  await makeExecutable(text, join(output, name))
  const { size } = await stat(join(output, name))
  process.stdout.write(`dist/${name}: ${size} bytes, ${text.length} of them the bundle\n`)
}

await mkdir(join(output, 'man'), { recursive: true })
for (const page of await manPages(project))
  await write(join(output, 'man', `${page.name}.${page.section}`), printPage(page))
