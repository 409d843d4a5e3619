// The claim of a volume by its first bytes, and the rule of the boot that would refuse the volume. Pure. The writer of the
// disk makes the claim: a claim tells a person what to look for, and proves nothing.

import { type Fault, fail, faultOf } from '../fault/index.ts'
import { allSeals } from '../keys/seals.ts'
import { extentOf } from '../layout/extent.ts'
import { fileSystemOf, isSwap } from '../layout/filesystem.ts'
import type { CryptName } from '../layout/layout.ts'
import { acceptHeader } from '../layout/luks2/accept.ts'
import {
  dataOffset,
  isBlank,
  type Luks2Header,
  type Luks2Profile,
  parseLuks2,
  sealedBy,
} from '../layout/luks2/luks2.ts'
import { headerBytes } from '../layout/luks2/profile.ts'
import { parseSiteBlock, siteBytes, siteValue } from '../layout/site.ts'
import { blockSize } from '../layout/verity.ts'
import { claimsVerity, parseVeritySuperblock } from '../layout/verity-superblock.ts'

/** Facts about the claimed thing, by name. Numbers that are too large for a double are texts. */
export type Facts = Readonly<Record<string, string | number | boolean>>

/** A part of the claimed thing: a section of an EFI program, or a file of a file system. */
export type Part = { readonly name: string; readonly bytes: number; readonly claim: Claim }

export type Claim = {
  /** `luks2`, `verity`, `site`, `swap`, a file system, `initramfs`, `blank`, `unknown`; or the kind of a row of inspect/formats.ts. */
  readonly kind: string
  readonly facts: Facts
  /** The name of the thing in words, and advice for its use. */
  readonly says?: { readonly name: string; readonly advice: string }
  readonly parts?: readonly Part[]
  /** The refusal by the first rule that the thing breaks; undefined where it breaks none. */
  readonly refused: Fault | undefined
}

export const claimsLuks = (head: Buffer): boolean =>
  head.toString('latin1', 0, 4) === 'LUKS' || head.toString('latin1', headerBytes, headerBytes + 4) === 'SKUL'

const luks2Facts = (header: Luks2Header): Facts => ({
  profile: header.profile,
  label: header.label,
  uuid: header.uuid,
  sequence: header.sequence,
  keyslots: header.keyslotSalts.length,
  data: header.dataBytes === undefined ? 'dynamic' : `${header.dataBytes}`,
  ...(header.tokens === undefined
    ? {}
    : { provider: sealedBy(header.tokens.tee), generation: header.tokens.tee.generation }),
  ...(header.tokens?.owner === undefined
    ? {}
    : { ownerKey: header.tokens.owner.kid, ownerAlgorithm: header.tokens.owner.alg }),
})

/**
 * The claim of `head` as a LUKS2 header, whatever its first bytes look like. The judge is the function that the boot calls
 * before the boot derives a key, so the MAC stays unchecked. `bytes` is the size of the partition; it is undefined for the
 * copy of a header alone. `label` is the volume that the partition's name says.
 */
export const claimHeader = (
  head: Buffer,
  name: string,
  profile: Luks2Profile | 'claimed',
  bytes: bigint | undefined,
  label: CryptName | 'any',
): Claim => {
  try {
    const claimed = profile === 'claimed' ? parseLuks2(head, name).header.profile : profile
    const room = bytes === undefined ? 'any' : (extentOf(claimed, bytes, BigInt(dataOffset))?.bytes ?? 0n)
    const known = { label, profile, dataBytes: room, owner: 'any', providers: allSeals } as const
    return { kind: 'luks2', facts: luks2Facts(acceptHeader(head, name, known).header), refused: undefined }
  } catch (thrown) {
    return { kind: 'luks2', facts: {}, refused: faultOf(thrown) }
  }
}

const claimVerity = (head: Buffer): Claim => {
  const found = parseVeritySuperblock(head)
  if (found === undefined) return { kind: 'verity', facts: { readable: false }, refused: undefined }
  const usable =
    found.dataBlockSize === blockSize && found.hashBlockSize === blockSize && found.algorithm === 'sha256'
  const facts = { readable: true, usable, ...found, dataBlocks: `${found.dataBlocks}` }
  return { kind: 'verity', facts, refused: undefined }
}

const siteBegins = 'cvmboot site '

/** A site record, with the values by which a launch names it. A record that cannot be read is as good as none to the boot. */
const claimSite = (head: Buffer): Claim => {
  const record = parseSiteBlock(head.subarray(0, siteBytes))
  const says = {
    name: 'the record of the os-config of a site',
    advice: 'launch the VM with one of its two values',
  }
  if (record === undefined) return { kind: 'site', facts: { readable: false }, refused: undefined }
  const { rootHash, blocks, salt } = record
  const facts = {
    readable: true,
    rootHash,
    blocks: `${blocks}`,
    salt,
    HOSTDATA: siteValue(record, 'HOSTDATA'),
    MRCONFIGID: siteValue(record, 'MRCONFIGID'),
  }
  return { kind: 'site', facts, says, refused: undefined }
}

/** `head`: the first MiB, or all of a shorter volume. `bytes` and `label`: as `claimHeader` takes them. */
export const claimOf = (
  head: Buffer,
  name: string,
  profile: Luks2Profile | 'claimed',
  bytes: bigint | undefined,
  label: CryptName | 'any',
): Claim => {
  if (claimsLuks(head)) return claimHeader(head, name, profile, bytes, label)
  if (claimsVerity(head)) return claimVerity(head)
  if (isSwap(head)) return { kind: 'swap', facts: {}, refused: fail('swap-present', { device: name }).fault }
  if (head.toString('latin1', 0, siteBegins.length) === siteBegins) return claimSite(head)
  const kind = fileSystemOf(head) ?? (isBlank(head) ? 'blank' : 'unknown')
  return { kind, facts: {}, refused: undefined }
}
