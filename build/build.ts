// `npm run build`: makes dist/cvmboot and dist/cvmboot-mock, their two scripts each, esbuild's lists of the files in the scripts,
// and the manual pages.

import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { verbsAsset } from '../src/verbs/asset.ts'
import { manPages } from '../src/verbs/man/pages.ts'
import { printPage } from '../src/verbs/man/roff.ts'
import { bundleProduct, gitVersion, products, root } from './bundle.ts'
import { makeExecutable } from './executable.ts'

const output = join(root, 'dist')
const project: string = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).version
const identity = { project, git: await gitVersion() }

/** Writes a file whole or not at all, since tests that run beside a build read the file. */
const write = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

await mkdir(output, { recursive: true })
for (const product of Object.values(products)) {
  const { name } = product
  const { boot, verbs } = await bundleProduct(product, identity)
  for (const [file, { text, meta }] of [
    [`${name}.mjs`, boot],
    [`${name}-verbs.cjs`, verbs],
  ] as const) {
    await write(join(output, file), text)
    await write(join(output, `${parse(file).name}.meta.json`), `${JSON.stringify(meta, null, 2)}\n`)
  }
  await makeExecutable(boot.text, join(output, name), { [verbsAsset]: verbs.text })
  const { size } = await stat(join(output, name))
  process.stdout.write(
    `dist/${name}: ${size} bytes, ${boot.text.length} of them the boot, ${verbs.text.length} the verbs\n`,
  )
}
await mkdir(join(output, 'man'), { recursive: true })
for (const page of manPages(project))
  await write(join(output, 'man', `${page.name}.${page.section}`), printPage(page))
