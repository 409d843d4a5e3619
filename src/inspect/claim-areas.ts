// The claim of a volume by both places of a header: the own place, and the spare area behind it, where a power cut can leave
// the only whole header. The boot tries the spare area first. Pure, but for the reading that the caller passes in.

import type { CryptName } from '../layout/layout.ts'
import { dataOffset, type Luks2Profile } from '../layout/luks2/luks2.ts'
import { type Claim, claimHeader, claimOf } from './claim.ts'

/**
 * `head` is the first MiB, or the whole volume where the volume is shorter. `spare` reads the MiB behind `head`; it is called
 * only where the `bytes` of the partition have room for the spare area. Only a key can tell whether a spare header belongs to
 * this volume. Where it does not, the boot takes the own header. So this function refuses a volume only if both headers are
 * refused.
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
