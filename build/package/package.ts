// `npm run package`: makes the Debian packages and the npm package in dist/packages/ from the files of `npm run build`.

import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { gitVersion, root } from '../bundle.ts'
import { makeDeb, type Release } from './deb.ts'
import { debs } from './debs.ts'
import { makeNpm } from './npm.ts'

/** The time of the packages where there is no commit: 2020-01-01. */
const fixedTime = 1577836800

/** The time of the commit, in seconds since 1970. */
const gitTime = async (): Promise<number> => {
  const log = ['-c', 'safe.directory=*', 'log', '-1', '--format=%ct']
  const text = (await run('git', log, { cwd: root }).catch(() => '')).trim()
  return text === '' ? fixedTime : Number(text)
}

/** The maintainer from Debian's own variables, which the publisher of the packages sets. */
const maintainer = (): string => {
  const { DEBFULLNAME: name = 'cvmboot maintainers', DEBEMAIL: address = 'maintainers@cvmboot.invalid' } =
    process.env
  return `${name} <${address}>`
}

/** The version, time and maintainer of all packages. */
const release = async (): Promise<Release> => {
  const version: string = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).version
  const epoch = process.env['SOURCE_DATE_EPOCH']
  return { version, time: epoch === undefined ? await gitTime() : Number(epoch), maintainer: maintainer() }
}

/** Writes all packages around `executable` into `directory` and returns their paths. */
export const makePackages = async (
  directory: string,
  of: Release,
  executable = join(root, 'dist/cvmboot'),
): Promise<string[]> => {
  await mkdir(directory, { recursive: true })
  const metas = await Promise.all(
    ['cvmboot', 'cvmboot-verbs'].map(async (name) =>
      JSON.parse(await readFile(join(root, `dist/${name}.meta.json`), 'utf8')),
    ),
  )
  const made: string[] = []
  for (const deb of await debs(executable, of, metas)) made.push(await makeDeb(deb, of, directory))
  made.push(await makeNpm({ project: of.version, git: await gitVersion() }, of.time, directory))
  return made
}

if (import.meta.main) {
  const directory = join(root, 'dist/packages')
  await rm(directory, { recursive: true, force: true })
  for (const path of await makePackages(directory, await release())) {
    const { size } = await stat(path)
    process.stdout.write(`dist/packages/${basename(path)}: ${(size / 1e6).toFixed(1)} MB\n`)
  }
}
