// Every file that an installation wants, by its path in the root: the files for the running VM, and the files that each
// generator builds into its initramfs.

import { parseConfig } from '../config/config.ts'
import { printExample } from '../config/example.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { readConfigFile } from '../machine/config-file.ts'
import { configPath } from '../system/initramfs.ts'
import type { WantedFile } from './changes.ts'
import { type Carried, type Framework, filesFor, unitFiles } from './frameworks.ts'
import { librariesFor } from './libraries.ts'
import { type Content, digestOf } from './place.ts'
import type { Left } from './record.ts'

export type Piece = { readonly content: Content; readonly wanted: WantedFile }

export const executablePath = '/usr/sbin/cvmboot'

export type Wish = {
  readonly root: string
  readonly executable: string
  /** Path of a partition.conf; undefined for the example. */
  readonly config: string | undefined
  /** The key providers of the build that reads the configuration. */
  readonly providers: readonly LastingProvider[]
  /** No generator, where the initramfs is made elsewhere. */
  readonly into: readonly Framework[]
  /** Manual pages and completions. */
  readonly help: ReadonlyMap<string, Carried>
  /** The files that an earlier installation recorded. */
  readonly left: ReadonlyMap<string, Left>
}

/** Path -> the wanted file. Faults: `config-*`, `install-library`. */
export const piecesOf = async (wish: Wish): Promise<ReadonlyMap<string, Piece>> => {
  const { root, executable, config, providers, into, left, help } = wish
  const piece = async (content: Content, mode: number, settings: WantedFile['settings']): Promise<Piece> => ({
    content,
    wanted: { kind: 'link' in content ? 'link' : 'file', mode, sha256: await digestOf(content), settings },
  })
  const pieces = new Map([[executablePath, await piece({ file: executable }, 0o755, 'none')]])
  if (into.length > 0) {
    const settings = config === undefined ? printExample(providers) : readConfigFile(config)
    parseConfig(settings, config, providers)
    pieces.set(configPath, await piece({ text: settings }, 0o644, config === undefined ? 'kept' : 'as given'))
  }
  for (const files of [unitFiles(), help, ...into.map(filesFor)])
    for (const [path, { kind, mode, text }] of files)
      pieces.set(path, await piece(kind === 'link' ? { link: text } : { text }, mode, 'none'))
  for (const [path, library] of await librariesFor(root, executable, left))
    pieces.set(path, await piece({ file: library }, path.includes('/ld-linux') ? 0o755 : 0o644, 'none'))
  return pieces
}
