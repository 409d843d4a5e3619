// All that the mock build knows of a lasting volume: the test finds it from the disk, as anybody can.

import { open } from 'node:fs/promises'
import { deriveLasting } from '../../src/keys/derive.ts'
import { mockLasting } from '../../src/keys/mock.ts'
import type { CryptName } from '../../src/layout/layout.ts'
import {
  headerAreaBytes,
  type Luks2Profile,
  luks2Profiles,
  parseLuks2,
  sealedIn,
  unlockForTee,
} from '../../src/layout/luks2/luks2.ts'
import { partitionOf } from './disk.ts'

export type MockSecrets = Readonly<Record<'root' | 'passphrase' | 'mac' | 'mask' | 'volumeKey', Buffer>>

/** `rootHashes`: of a volume bound to the measurement; otherwise it is bound to the ID block. */
export const mockSecrets = async (
  disk: string,
  volume: CryptName,
  profile: Luks2Profile = 'xts',
  rootHashes: readonly string[] = [],
): Promise<MockSecrets> => {
  const area = Buffer.alloc(headerAreaBytes)
  const file = await open(disk, 'r')
  await file.read(area, 0, area.length, (await partitionOf(disk, volume)).start)
  await file.close()
  const luks2 = parseLuks2(area, volume, profile)
  const { generation, sealed } = sealedIn(luks2, volume, undefined)
  const binding = rootHashes.length > 0 ? 'measurement' : 'id-block'
  const owned = { volume, policy: { ...mockLasting.defaults, binding } } as const
  const { secret } = await mockLasting.recover(owned, undefined as never, sealed)
  const domain = { volume, uuid: luks2.header.uuid, role: 'tee', generation, rootHashes } as const
  const passphrase = deriveLasting(secret, Buffer.alloc(64), domain, 'passphrase').bytes
  const mac = deriveLasting(secret, Buffer.alloc(64), domain, 'header-mac').bytes
  const mask = deriveLasting(
    secret,
    Buffer.alloc(64),
    domain,
    'volume-key-mask',
    luks2Profiles[profile].volumeKeyBytes,
  ).bytes
  const volumeKey = unlockForTee(luks2, volume, { mac, mask })
  return { root: secret.bytes, passphrase, mac, mask, volumeKey }
}
