// The copyright file: the licence of cvmboot, and the whole licence of Node and of each package in the executable. The packages
// come from esbuild's lists of the files in the scripts, so that none is forgotten.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { root } from '../bundle.ts'

/** Names of the npm packages that have a file in a script. */
export const packagesIn = (metas: readonly Metafile[]): string[] => {
  const inputs = metas.flatMap((meta) => Object.keys(meta.inputs))
  const names = inputs.flatMap((input) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input) ?? []
    return name === undefined ? [] : [name]
  })
  return [...new Set(names)].sort()
}

/** Throws where a package has no licence file, since nobody may redistribute such a package. */
const licenseOf = async (name: string): Promise<string> => {
  const directory = join(root, 'node_modules', name)
  const file = (await readdir(directory)).find((entry) => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(entry))
  if (file === undefined) throw new Error(`${name} has no licence file`)
  return readFile(join(directory, file), 'utf8')
}

export const ownLicense = `Copyright 2026 the authors of cvmboot

cvmboot is licensed under the Apache License, Version 2.0, which on Debian systems is in
/usr/share/common-licenses/Apache-2.0.
`

export const printCopyright = async (metas: readonly Metafile[]): Promise<string> => {
  const others = ['node', ...packagesIn(metas)]
  const parts = await Promise.all(
    others.map(async (name) => `\n${'-'.repeat(79)}\n${name}\n\n${(await licenseOf(name)).trim()}\n`),
  )
  return `${ownLicense}
The executable is Node.js with two scripts in it. What follows are the licences of Node.js, with all that is
in it, and of the npm packages in the scripts.
${parts.join('')}`
}
