// The machine of test/golden/boot/ as it ran, by the recorded answers of its kernel. test/vm/golden.ts writes it anew.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { headerDigest } from '../../src/layout/luks2/digest.ts'
import { headerAreaBytes } from '../../src/layout/luks2/luks2.ts'
import { parseState, printState, type State } from '../../src/proof/state.ts'
import type { Mapping } from '../../src/runtime/system.ts'
import type { Recorded } from './recorded-system.ts'

const golden = join(import.meta.dirname, '../golden/boot')
const read = (name: string): string => readFileSync(join(golden, name), 'latin1')

/** Lines `PATH: LINE`, and `DIRECTORY/: NAME`. */
export const parseRecorded = (
  text: string,
): { readonly texts: Record<string, string>; readonly directories: Record<string, string[]> } => {
  const texts: Record<string, string> = {}
  const directories: Record<string, string[]> = {}
  for (const line of text.split('\n')) {
    const [, path = '', rest = ''] = /^(\/\S*?): (.*)$/.exec(line) ?? []
    if (path.endsWith('/')) directories[path.slice(0, -1)] = [...(directories[path.slice(0, -1)] ?? []), rest]
    else if (path !== '') texts[path] = `${texts[path] ?? ''}${rest}\n`
  }
  return { texts, directories }
}

/** The header of a volume that lasts is not recorded: this stands for it, and its digest in the state. */
const header = Buffer.alloc(2 * headerAreaBytes).fill(7, 0, headerAreaBytes)

export const bootedState = (): State => {
  const state = parseState(read('state.json'))
  if (state === undefined) throw new Error('test/golden/boot/state.json is none')
  const steps = state.steps.map(({ evidence, ...step }) => ({
    ...step,
    evidence: evidence.kind === 'open-lasting' ? { ...evidence, header: headerDigest(header) } : evidence,
  }))
  return { ...state, steps }
}

/** Of a line `NAME: START SECTORS TARGET TEXT` of dmsetup. */
const targetsOf = (text: string) =>
  new Map(
    [...text.matchAll(/^(\S+): 0 (\d+) (\S+) ?(.*)$/gm)].map(
      ([, name = '', sectors = '', target = '', words = '']) => [name, { sectors, target, words }] as const,
    ),
  )

const mappings = (texts: Readonly<Record<string, string>>): Record<string, Mapping> => {
  const [tables, statuses] = ['table', 'status'].map((ask) => targetsOf(texts[`/dmsetup/${ask}`] ?? ''))
  const of = (device: string, name: string) => texts[`/sys/block/${device}/${name}`]?.trim() ?? ''
  const devices = Object.keys(texts).flatMap((path) => /^\/sys\/block\/(dm-\d+)\/dev$/.exec(path)?.[1] ?? [])
  return Object.fromEntries(
    devices.map((device): [string, Mapping] => {
      const name = of(device, 'dm/name')
      const table = tables?.get(name)
      return [
        name,
        {
          device: `/dev/${device}`,
          dev: of(device, 'dev'),
          access: of(device, 'ro') === '1' ? 'read-only' : 'read-write',
          sectors: BigInt(table?.sectors ?? 0),
          target: table?.target ?? '',
          table: table?.words ?? '',
          status: statuses?.get(name)?.words ?? '',
        },
      ]
    }),
  )
}

/** What `status --json` said there. */
export const statusThere = (): string => read('status.json')

const spaces = (): Record<string, { bytes: bigint; used: bigint }> => {
  const volumes: { mount: string; bytes: string; used: string }[] = JSON.parse(statusThere()).volumes
  return Object.fromEntries(
    volumes.map(({ mount, bytes, used }) => [mount, { bytes: BigInt(bytes), used: BigInt(used) }]),
  )
}

export const bootRecorded = (): Recorded => {
  const { texts, directories } = parseRecorded(read('recorded.txt'))
  const state = bootedState()
  return {
    kernel: state.kernel,
    texts: { ...texts, '/run/cvmboot/state.json': printState(state) },
    directories,
    spaces: spaces(),
    mappings: mappings(texts),
    heads: { '/dev/vda7': header },
  }
}
