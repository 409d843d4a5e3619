// roothashes.json: print / parse. The file tells people, and tools that compare disks, what each volume is and where it lies.
// `cvmboot setup` writes it, and no boot reads it.

import is from '@sindresorhus/is'
import { parseRootHash, parseSalt, type RootHash, type Salt } from './verity.ts'

type PartitionPlace = { readonly partuuid: string; readonly bytes: number }

export type VerityEntry = {
  readonly roothash: RootHash
  /** '' for no salt. */
  readonly salt: Salt
  readonly fileSystem: string
  readonly data: PartitionPlace
  readonly tree: PartitionPlace
}
export type CryptEntry = { readonly data: PartitionPlace }

/** The entries by the names of their volumes. */
export type RootHashes = Readonly<Record<string, VerityEntry | CryptEntry>>

export const printRootHashes = (volumes: RootHashes): string => `${JSON.stringify(volumes, null, 2)}\n`

/** Undefined for every text that `printRootHashes` does not print. */
export const parseRootHashes = (text: string): RootHashes | undefined => {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!is.plainObject(found) || !Object.values(found).every(isEntry)) return undefined
  const volumes = found as RootHashes
  return printRootHashes(volumes) === text ? volumes : undefined
}

/** A record with exactly these keys. */
const has = (value: unknown, ...keys: string[]): value is Record<string, unknown> =>
  is.plainObject(value) && Object.keys(value).join() === keys.join()

const isPlace = (value: unknown): boolean =>
  has(value, 'partuuid', 'bytes') &&
  is.string(value['partuuid']) &&
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value['partuuid']) &&
  is.integer(value['bytes']) &&
  value['bytes'] > 0

const isEntry = (value: unknown): boolean => {
  if (has(value, 'data')) return isPlace(value['data'])
  return (
    has(value, 'roothash', 'salt', 'fileSystem', 'data', 'tree') &&
    is.string(value['roothash']) &&
    parseRootHash(value['roothash']) !== undefined &&
    is.string(value['salt']) &&
    (value['salt'] === '' || parseSalt(value['salt']) !== undefined) &&
    is.string(value['fileSystem']) &&
    isPlace(value['data']) &&
    isPlace(value['tree'])
  )
}
