// The machine of test/golden/boot/ as it ran: what its kernel said (recorded.txt, by test/vm/running's probe), and its mappings
// from its state.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseState, type State, volumesOf } from '../../src/layout/state.ts'
import type { Mapping } from '../../src/runtime/system.ts'
import type { Recorded } from './recorded.ts'

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

export const bootedState = (): State => {
  const state = parseState(read('state.json'))
  if (state === undefined) throw new Error('test/golden/boot/state.json is none')
  return state
}

const mappings = (state: State, cmdline: string): Record<string, Mapping> =>
  Object.fromEntries(
    Object.entries(volumesOf(state)).flatMap(([name, { device, table, protection }]) => {
      if (typeof device !== 'string' || typeof table !== 'string') return []
      const blocks = new RegExp(`data-blocks\\.${name}=(\\d+)`).exec(cmdline)?.[1]
      const verity = protection === 'verity'
      const mapping: Mapping = {
        device,
        dev: `254:${device.replace('/dev/dm-', '')}`,
        access: verity ? 'read-only' : 'read-write',
        sectors: verity ? BigInt(blocks ?? 0) * 8n : (256n << 20n) / 512n,
        target: verity ? 'verity' : 'crypt',
        table,
        status: verity ? 'V' : '',
      }
      return [[name, mapping]]
    }),
  )

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
    texts: { ...texts, '/run/cvmboot/state.json': read('state.json') },
    directories,
    bytes: { '/dev/vda7': 256n << 20n },
    spaces: spaces(),
    mappings: mappings(state, texts['/proc/cmdline'] ?? ''),
  }
}
