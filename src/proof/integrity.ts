// What must hold of the mapping of dm-integrity below an encrypted volume. A reason completes "the mapping ...". Pure.

import { type IntegrityTable, parseIntegrityTable, printIntegrityStatus } from '../layout/integrity.ts'
import type { SeenMapping } from './seen.ts'
import { notMapped } from './verity.ts'

/** The name of the dm-integrity mapping below a volume's mapping, as stock cryptsetup chooses the name. */
export const integrityName = (volume: string): string => `${volume}_dif`

export type ExpectedIntegrity = { readonly table: IntegrityTable; readonly sectors: bigint }

/** `expected`: undefined where the asker knows only that the table has to be one of ours. */
export const integrityDiffers = (
  expected: ExpectedIntegrity | undefined,
  mapping: SeenMapping | undefined,
): string | undefined => {
  if (mapping === undefined) return notMapped
  if (mapping.target !== 'integrity') return `is dm-${mapping.target}`
  if (expected !== undefined && mapping.sectors !== expected.sectors) return `has ${mapping.sectors} sectors`
  const ours =
    expected === undefined
      ? parseIntegrityTable(mapping.table) !== undefined
      : printIntegrityStatus(expected.table) === mapping.table
  return ours ? undefined : `has another table: ${mapping.table}`
}
