// Reads the manifest that the caller of `status` or `report` names.

import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { readBounded } from '../machine/bounded.ts'
import { type Manifest, parseManifest } from '../measure/manifest.ts'

/** Faults: `measure-input`, `measure-manifest`, `input-too-large`. */
export const readManifest = (file: string): Manifest => {
  try {
    return parseManifest(readBounded(file, 'measurements').toString('utf8'), file)
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('measure-input', { path: file, reason: reasonOf(thrown) })
  }
}
