// Hostile inputs for the readers of `measure`: a firmware, a unified kernel image, an event log, a manifest.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { accessBuffer } from '../../src/machine/random-access.ts'
import { parseEventLog, replayEvents } from '../../src/measure/event-log.ts'
import { type Firmware, parseFirmware, sevLayout, tdxLayout } from '../../src/measure/firmware.ts'
import { parseManifest, printManifest } from '../../src/measure/manifest.ts'
import { pcr4, pcr9, pcr11 } from '../../src/measure/pcr.ts'
import { ukiRtmr1, ukiRtmr2 } from '../../src/measure/rtmr.ts'
import { prepareSnp } from '../../src/measure/snp.ts'
import { mrtd } from '../../src/measure/tdx.ts'
import { readUki } from '../../src/measure/uki.ts'
import { exampleManifest } from '../tables/measure/example.ts'
import { efiProgram } from '../with/efi-program.ts'
import { mutateJson } from './json.ts'
import { mutateBytes, mutateText } from './random.ts'
import { hexOf, need, orRefused, same, type Target, target } from './run.ts'

const show = (bytes: Uint8Array): string => `${bytes.length} bytes:\n${hexOf(bytes)}`
const vectors = join(import.meta.dirname, '../tables/measure/vectors')

const suffixes = ['ovmf_AmdSev_suffix.bin', 'ovmf_OvmfX64_suffix.bin'].map((name) =>
  readFileSync(join(vectors, name)),
)
/** The fields of the two tables, and of the table of GUIDs at the end. */
const firmwareFields = suffixes.flatMap((image) => {
  const tables = ['ASEV', 'TDVF'].map((name) => image.indexOf(name)).filter((at) => at >= 0)
  return [...tables.flatMap((at) => Array.from({ length: 64 }, (_, i) => at + i * 4)), 4096 - 50, 4096 - 68]
})

const inMemory = 64 * 1024 ** 2

/** Both TEEs, as far as each takes the image. Sections of much memory are known from the layout, and not hashed here. */
const measureFirmware = (firmware: Firmware): boolean => {
  const sev = orRefused(/^measure-firmware$/, () => sevLayout(firmware))
  const tdx = orRefused(/^measure-firmware$/, () => tdxLayout(firmware))
  const bytes = [...(sev?.sections ?? []), ...(tdx ?? [])].reduce((sum, section) => sum + section.bytes, 0)
  if (bytes > inMemory) return true
  if (sev !== undefined) orRefused(/^measure-firmware$/, () => prepareSnp(firmware, undefined))
  if (tdx !== undefined) need(mrtd(firmware, 'page').length === 48, 'an MRTD of another size')
  return sev !== undefined || tdx !== undefined
}

const firmwareTarget = target<Uint8Array>({
  name: 'firmware',
  cost: 40,
  seeds: suffixes,
  show,
  mutate: (random, seed) => mutateBytes(random, seed, firmwareFields),
  check: (bytes) => {
    const firmware = orRefused(/^measure-firmware$/, () => parseFirmware(Buffer.from(bytes)))
    return firmware !== undefined && measureFirmware(firmware)
  },
})

const sections = (version: string): Buffer => {
  const magic = Buffer.from(`#### LoaderInfo: systemd-stub ${version} ####\0`)
  const image = efiProgram([
    { name: '.sdmagic', bytes: magic.length, stored: magic.length },
    { name: '.osrel', bytes: 20, stored: 20 },
    { name: '.cmdline', bytes: 40, stored: 30 },
    { name: '.initrd', bytes: 100, stored: 100 },
    { name: '.linux', bytes: 4000, stored: 2000 },
  ])
  magic.copy(image, 1024)
  const kernel = efiProgram([{ name: '.text', bytes: 100, stored: 100 }])
  kernel.copy(image, image.length - 2000)
  return image
}
const ukis = ['252.1', '257.1', '259', '262.1'].map(sections)
const peFields = [
  0x3c,
  ...Array.from({ length: 80 }, (_, i) => 0x80 + i * 4),
  ...Array.from({ length: 40 }, (_, i) => 0x188 + i * 10),
]

const ukiTarget = target<Uint8Array>({
  name: 'unified kernel image',
  cost: 20,
  seeds: ukis,
  show,
  mutate: (random, seed) => mutateBytes(random, seed, peFields),
  check: (bytes) => {
    const uki = orRefused(/^measure-uki$/, () => readUki(accessBuffer(Buffer.from(bytes))))
    if (uki === undefined) return false
    const loaded = [...uki.sections.values()].reduce((sum, { size }) => sum + size, 0)
    if (loaded > inMemory) return true
    for (const predict of [pcr4, pcr9, pcr11, ukiRtmr2, (one: typeof uki) => ukiRtmr1(one, undefined)]) {
      const found = orRefused(/^measure-uki$/, () => predict(uki))
      if (found !== undefined && 'known' in found)
        need(
          found.known.every(({ value }) => value.length === 32 || value.length === 48),
          'a register of another size',
        )
    }
    return true
  },
})

const logs = ['ccel-19-events.bin', 'ccel-cos-113.bin'].map((name) => readFileSync(join(vectors, name)))

const eventLogTarget = target<Uint8Array>({
  name: 'event log',
  cost: 8,
  seeds: logs,
  show,
  mutate: (random, seed) =>
    mutateBytes(random, seed, [0, 4, 28, 32, 48, 56, 60, 64, 68, 72, 76, 130, 134, 138, 142]),
  check: (bytes) => {
    const events = orRefused(/^measure-event-log$/, () => parseEventLog(Buffer.from(bytes)))
    if (events === undefined) return false
    const data = events.reduce((sum, event) => sum + event.data.length, 0)
    need(data <= bytes.length, 'events with more data than the log has')
    const registers = orRefused(/^measure-event-log$/, () => replayEvents(events, 'sha384'))
    need(
      [...(registers?.values() ?? [])].every(({ length }) => length === 48),
      'a register of another size',
    )
    return registers !== undefined
  },
})

const words = [
  '"snp"',
  '"digest"',
  'null',
  '0x1',
  '"version": 2',
  '"format"',
  '[]',
  '{}',
  '__proto__',
  'ab'.repeat(48),
]

const manifestTarget = target<string>({
  name: 'manifest of measurements',
  cost: 20,
  seeds: [printManifest(exampleManifest)],
  mutate: (random, seed) => (random.once(2) ? mutateText(random, seed, words) : mutateJson(random, seed)),
  check: (json) => {
    const found = orRefused(/^measure-(?:manifest|version)$/, () => parseManifest(json, 'file'))
    if (found === undefined) return false
    same(parseManifest(printManifest(found), 'file'), found, 'printed, it reads differently')
    return true
  },
  show: (text) => JSON.stringify(text),
})

export const measureTargets: readonly Target[] = [firmwareTarget, ukiTarget, eventLogTarget, manifestTarget]
