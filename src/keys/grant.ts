// The way of a grant from its owner to one boot: wrapped to the ephemeral key of the boot, and judged there. Pure but for the
// random key of the sender.

import { createHash, type KeyObject } from 'node:crypto'
import { type GrantTerms, isSignedBy, mostGrantBytes, parseGrant, type Scope } from '../evidence/grant.ts'
import type { Launch } from '../evidence/launch.ts'
import { type BootFault, fail } from '../fault/index.ts'
import type { CryptName } from '../layout/layout.ts'
import type { Secret } from '../secret/secret.ts'
import type { ImageName } from '../system/image-name.ts'
import { unwrapHpke, wrapBytes, wrapHpke } from './hpke.ts'

/** The most bytes of a wrapped grant. */
export const mostWrappedBytes = mostGrantBytes + wrapBytes

/** Binds a wrapped grant to one boot, whose statement has the ephemeral key. */
const infoOf = (statement: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from('cvmboot grant v1\0', 'latin1'),
    createHash('sha256').update(statement).digest(),
  ])

/** The grant as a relay carries it. `recipient` is the X25519 key in `statement`. Throws where that is no key. */
export const wrapGrant = (recipient: Uint8Array, statement: Uint8Array, grant: Secret): Buffer =>
  wrapHpke(recipient, infoOf(statement), grant)

/** The facts about this boot by which a grant is judged. */
export type Asked = {
  readonly volumes: readonly CryptName[]
  /** The Ed25519 key of RELEASE_OWNER. */
  readonly owner: KeyObject
  /** The bytes of this boot's statement. */
  readonly statement: Uint8Array
  /** The private X25519 key of this boot. */
  readonly own: Secret
  /** The name that the verified root has. */
  readonly image: ImageName | null
  /** The launch that the report of this boot names. */
  readonly launch: Launch
}

export type OpenedGrant = { readonly terms: GrantTerms; readonly secret: Secret }

const nameOf = (image: ImageName | null): string =>
  image === null ? 'an image without a name' : `the image ${image.id} ${image.version}`

/** The reason why a scope does not fit this boot, or undefined. `notAfter` is not judged: the host sets the clock. */
export const outOfScope = (
  scope: Scope,
  { image, launch }: Pick<Asked, 'image' | 'launch'>,
): string | undefined => {
  const [wanted, found] = [nameOf(scope.image), nameOf(image)]
  if (wanted !== found) return `it is for ${wanted}, and this is ${found}`
  if (!scope.launches.includes(launch.word)) return 'its owner does not accept the launch of this VM'
  if (scope.site !== null && scope.site !== launch.site)
    return `it is for the site ${scope.site}, and this is ${launch.site}`
  return undefined
}

/** Opens a grant and judges all but its sequence number. Throws a fault of the family `release`. The caller disposes of the secret. */
export const openGrant = (wrapped: Uint8Array, asked: Asked): OpenedGrant => {
  if (wrapped.length > mostWrappedBytes)
    throw fail('release-format', { reason: `it has more than ${mostWrappedBytes} bytes` })
  using grant = unwrapHpke(asked.own, infoOf(asked.statement), wrapped)
  if (grant === undefined) throw fail('release-key', {})
  if (!isSignedBy(asked.owner, grant)) throw fail('release-signature', {})
  const found = parseGrant(grant)
  if ('wrong' in found) throw fail('release-format', { reason: found.wrong })
  const refused = refusalOf(found.terms, asked)
  if (refused === undefined) return found
  found.secret[Symbol.dispose]()
  throw refused
}

const refusalOf = ({ volume, scope }: GrantTerms, asked: Asked): BootFault | undefined => {
  if (!asked.volumes.includes(volume))
    return fail('release-volume', { found: volume, asked: asked.volumes.join(' and ') })
  const reason = outOfScope(scope, asked)
  return reason === undefined ? undefined : fail('release-scope', { volume, reason })
}

/** Judges the sequence number. `least` is the number that the header remembers, or 0. Fault: `release-sequence`. */
export const requireSequence = ({ volume, sequence }: GrantTerms, least: number): void => {
  if (sequence < least) throw fail('release-sequence', { volume, found: sequence, least })
}
