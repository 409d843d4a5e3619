// What a volume claims to be by both places of a header: its own, and the spare area behind it, where a power cut can leave
// the only whole header. Pure but for the reading, which the caller does. The boot tries the spare area first.

import type { CryptName } from '../layout/layout.ts'
import { dataOffset, type Luks2Profile } from '../layout/luks2/luks2.ts'
import { type Claim, claimHeader, claimOf } from './claim.ts'

/**
 * `head` is the first MiB, or all of the volume where it is shorter; `spare` reads the MiB behind it, and is asked only where
 * `bytes`, those of the partition, have room for it. Whether a spare header is of this volume takes a key, and if it is not,
 * the boot takes the own header: so a volume is refused here if both headers are.
 */
export const claimVolume = (
  head: Buffer,
  spare: () => Buffer,
  name: string,
  profile: Luks2Profile | 'claimed',
  bytes: bigint | undefined,
  label: CryptName | 'any',
): Claim => {
  const own = claimOf(head, name, profile, bytes, label)
  if (bytes === undefined || bytes < BigInt(dataOffset)) return own
  const second = claimHeader(spare(), name, profile, bytes, label)
  if (second.refused !== undefined) return own
  return own.kind === 'luks2' && own.refused === undefined
    ? { ...own, facts: { ...own.facts, spare: 'header' } }
    : { ...second, facts: { ...second.facts, area: 'spare' } }
}
