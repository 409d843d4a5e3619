// The verb `report`: shows a boot as a picture, or as text. The verb reads the state, the kernel's log, and the times that
// systemd reports of the same boot.

import { errnoOf, reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { readBoundedText } from '../machine/bounded.ts'
import { run } from '../machine/exec.ts'
import { writeOutput } from '../machine/output.ts'
import { statePath } from '../proof/state.ts'
import { plain, screenOf } from '../terminal/screen.ts'
import { live } from './live.ts'
import { readManifest } from './manifest-file.ts'
import { type BootEvidence, evidenceHere, measurementIn, unpredicted } from './measurement.ts'
import { drawReport } from './report/draw.ts'
import { type BootRecord, readRecord, unreadState } from './report/record.ts'
import { printText } from './report/words.ts'

/** Reads a file; undefined where there is no such file. Faults: `state-read`, `input-too-large`. */
const readOne = (path: string, limit: 'state' | 'log' | 'evidence'): string | undefined => {
  try {
    return readBoundedText(path, limit)
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    if (errnoOf(thrown) === 'ENOENT') return undefined
    throw unreadState(path, reasonOf(thrown))
  }
}

/** The output of a program of this system; undefined where there is no such program, or the program fails. */
const said = (tool: string, ...args: string[]): Promise<string | undefined> =>
  run(tool, args).catch(() => undefined)

const shown = ['Userspace', 'Finish'].map((name) => `--property=${name}TimestampMonotonic`)

const recordHere = async (): Promise<BootRecord> =>
  readRecord(
    statePath,
    readOne(statePath, 'state'),
    await said('dmesg'),
    await said('systemctl', 'show', ...shown),
  )

const recordOf = (state: string, log: string | undefined, systemd: string | undefined): BootRecord => {
  const optional = (path: string | undefined) => (path === undefined ? undefined : readOne(path, 'log'))
  return readRecord(state, readOne(state, 'state'), optional(log), optional(systemd))
}

/** Paths of files. `state`, and the `log`, `systemd` and `evidence` that belong to the state, are of another boot. */
type ReportOptions = Readonly<
  Record<'state' | 'log' | 'systemd' | 'evidence' | 'manifest' | 'output', string | undefined>
> & {
  readonly text: boolean
}

/** The evidence of the boot that is drawn. This machine shows nothing of the machine of another boot. */
const evidenceOf = ({ state, evidence }: ReportOptions): BootEvidence => {
  if (state === undefined) return evidenceHere(live)
  if (evidence === undefined)
    throw fail('usage', { reason: '--manifest and --state need --evidence, the evidence of that boot' })
  return { path: evidence, text: readOne(evidence, 'evidence'), seen: undefined }
}

/** Fault: `state-write`. */
const show = async (drawn: string, output: string | undefined): Promise<void> => {
  if (output === undefined) return void process.stdout.write(drawn)
  try {
    await writeOutput(output, drawn)
  } catch (thrown) {
    throw fail('state-write', { path: output, reason: reasonOf(thrown) })
  }
}

/**
 * Draws or prints the report, then fails where the manifest does not predict the launch. Faults: `state-read`, `state-write`,
 * `input-too-large`, `usage`, `measure-*`, `tee-report`, `verify-measurement`, `verify-no-measurement`.
 */
export const report = async (asked: ReportOptions): Promise<void> => {
  const { state, log, systemd, manifest, output, text: asText } = asked
  const expected = manifest === undefined ? undefined : readManifest(manifest)
  const found = state === undefined ? await recordHere() : recordOf(state, log, systemd)
  const measurement = expected === undefined ? undefined : measurementIn(evidenceOf(asked), expected)
  const record = measurement === undefined ? found : { ...found, measurement }
  const screen = output === undefined ? screenOf(process.stdout, process.env) : plain
  const drawn = asText ? printText(record, screen) : drawReport(record)
  await show(drawn, output)
  const fault = measurement && unpredicted(measurement)
  if (fault !== undefined) throw new BootFault(fault)
}
