// The picture of the disk: its partitions, and the areas inside an encrypted volume that lasts. Pure.

import { cryptNames, treeName, verityNames } from '../../src/layout/layout.ts'
import {
  areaOffset,
  dataOffset,
  headerAreaBytes,
  headerBytes,
  macOffset,
} from '../../src/layout/luks2/profile.ts'
import { area, box } from '../../src/terminal/svg.ts'
import { card, cardHeight, label, picture } from './frame.ts'

/** A stretch of the disk: its name, its content, and the effect of a change by the host. */
export type Stretch = {
  readonly trust: 'plain' | 'verified' | 'encrypted'
  readonly name: string
  readonly holds: string
  readonly changed: string
}

/** All stretches of a disk, in their order. */
export const stretches: readonly Stretch[] = [
  {
    trust: 'plain',
    name: 'partition table',
    holds: 'GPT: names and places',
    changed: 'a hint only: the root hash or the key decides',
  },
  ...verityNames.flatMap((name): Stretch[] => [
    {
      trust: 'verified',
      name,
      holds: 'file system, readable by the host',
      changed: 'a changed byte is never read: the boot halts, or the VM panics',
    },
    {
      trust: 'verified',
      name: treeName(name),
      holds: 'hash tree',
      changed: 'the root hash on the command line proves the tree',
    },
  ]),
  ...cryptNames.map(
    (name): Stretch => ({
      trust: 'encrypted',
      name,
      holds: 'ciphertext, noise to the host',
      changed: 'garbage; with INTEGRITY=hmac-sha256 an I/O error',
    }),
  ),
  {
    trust: 'plain',
    name: 'partition table',
    holds: 'GPT: its copy',
    changed: 'a hint only: the root hash or the key decides',
  },
]

/** The parts of a volume that lasts, from byte 0 of its partition. */
export const parts = [
  { name: 'header', holds: 'LUKS2', from: 0 },
  { name: 'header', holds: 'its copy', from: headerBytes },
  { name: 'keyslot 0', holds: 'TEE opens', from: areaOffset('xts', 0) },
  { name: 'keyslot 1', holds: 'owner opens', from: areaOffset('xts', 1) },
  { name: 'MACs', holds: 'prove the rest', from: macOffset },
  { name: 'spare', holds: 'for the next', from: headerAreaBytes },
  { name: 'data', holds: 'ciphertext', from: dataOffset },
] as const

const nameColumn = { x: 28, width: 204 }
const holdsColumn = { x: 244, room: 262 }
const changedColumn = { x: 516, room: 470 }
const rowHeight = 30
const top = 66

const drawStretch = ({ trust, name, holds, changed }: Stretch, y: number): string[] => [
  box({ ...nameColumn, y, height: rowHeight - 5 }, trust === 'plain' ? 'card' : `card card-${trust}`),
  label({ x: nameColumn.x + 10, y: y + 17 }, name, 'strong', nameColumn.width - 20),
  label({ x: holdsColumn.x, y: y + 17 }, holds, 'small', holdsColumn.room),
  label({ x: changedColumn.x, y: y + 17 }, changed, 'small', changedColumn.room),
]

const partWidth = 126
const partStep = 136

export const drawDisk = (): string => {
  const inside = top + stretches.length * rowHeight + 66
  const lasting = stretches.findIndex(({ trust }) => trust === 'encrypted')
  const from = top + lasting * rowHeight + rowHeight - 5
  const words = stretches.map(({ name, holds, changed }) => `${name}: ${holds}; if changed: ${changed}`)
  const within = parts.map(({ name, holds, from: byte }) => `from byte ${byte} ${name}, ${holds}`)
  return picture(
    'The disk: which bytes are whose',
    `${words.join('. ')}. Inside a volume whose key lasts: ${within.join(', ')}.`,
    inside + cardHeight + 44,
    [
      area(
        [
          { x: 28, y: from },
          { x: 40, y: from },
          { x: 28 + 6 * partStep + partWidth, y: inside - 8 },
          { x: 28, y: inside - 8 },
        ],
        'lens',
      ),
      ...['partition', 'what it holds', 'what a change by the host leads to'].map((head, i) =>
        label({ x: [nameColumn.x, holdsColumn.x, changedColumn.x][i] ?? 0, y: top - 16 }, head, 'head', 420),
      ),
      ...stretches.flatMap((stretch, i) => drawStretch(stretch, top + i * rowHeight)),
      label(
        { x: 244, y: inside - 26 },
        'Inside workspace or job-store, where the key lasts (not to scale):',
        'head',
        740,
      ),
      ...parts.flatMap(({ name, holds, from: byte }, i) => [
        ...card({ x: 28 + i * partStep, y: inside, width: partWidth }, [name, holds], 'encrypted'),
        label({ x: 28 + i * partStep, y: inside + cardHeight + 18 }, `from byte ${byte}`, 'small', partWidth),
      ]),
    ],
  )
}
