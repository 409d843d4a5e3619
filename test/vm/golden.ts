// Writes test/golden/boot/: the recorded answers of the machine of running.test.ts. `UPDATE_GOLDEN=1 node
// test/vm/running.test.ts` boots the machine, and writes the answers, the picture and the output in docs/operate.md anew. Look
// at the picture before you commit it.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Part } from './running.ts'
import { project } from './world.ts'

/** Of the kernel's log, what a report reads, and when the kernel was done. */
const telling = /Trying to unpack rootfs image|Freeing initrd memory|Run \/init as init process/

const files: Readonly<Record<string, { readonly part: string; readonly only?: RegExp }>> = {
  'state.json': { part: 'state' },
  'kernel.log': { part: 'log', only: telling },
  systemd: { part: 'systemd' },
  'status.json': { part: 'status-json' },
  'recorded.txt': { part: 'recorded' },
}

const drawn = [
  'test/tables/runtime/report.test.ts',
  'test/tables/docs.test.ts',
  'test/tables/pictures.test.ts',
] as const

/** Throws where a part is not there. */
export const writeGolden = (parts: ReadonlyMap<string, Part>): void => {
  for (const [name, { part, only }] of Object.entries(files)) {
    const said = parts.get(part)?.said
    if (said === undefined) throw new Error(`the probe did not get to ${part}`)
    const lines = said.split('\n').filter((line) => only?.test(line) ?? true)
    writeFileSync(join(project, 'test/golden/boot', name), `${lines.join('\n').trimEnd()}\n`)
  }
  for (const file of drawn)
    spawnSync(process.execPath, [join(project, file)], {
      env: { ...process.env, UPDATE_DOCS: '1' },
      stdio: 'inherit',
    })
}

/** What two boots say alike: no time, size, hash, PID, width of a column or commit. */
export const shapeOf = (text: string): string =>
  text
    .replace(/\bgit [0-9a-f]+(?:-dirty)?/g, 'git HASH')
    .replace(/\b[0-9a-f]{12,}\b/g, 'HASH')
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-HASH\b/g, 'UUID')
    .replace(/\d+(?:\.\d+)?/g, 'N')
    .replace(/NK\b/g, 'NM')
    .replace(/ +/g, ' ')
