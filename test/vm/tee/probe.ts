// An /init that asks the stand-in for SEV-SNP the questions of scenarios.ts, by the functions that a boot uses, and prints one
// line for each: `probe NAME = ANSWER`. The probe judges nothing.

import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { production } from '../../../src/editions/production.ts'
import { errnoOf, reasonOf } from '../../../src/fault/errno.ts'
import { faultOf, say } from '../../../src/fault/index.ts'
import { readKernelLog } from '../../../src/machine/kernel-log.ts'
import { ioctlPointing } from '../../../src/machine/libc.ts'
import { linux } from '../../../src/machine/linux.ts'
import {
  parseExtendedReportRequest,
  parseGuestRequest,
  printExtendedReportRequest,
  printGuestRequest,
  SNP,
  saysWiped,
} from '../../../src/machine/sev-guest.ts'
import { printSnpReport } from '../../../src/machine/snp-report.ts'
import { channelRefuses, snpExtendedReport } from '../../../src/machine/tee.ts'
import { teeEvidence } from '../../../src/machine/tee-evidence.ts'
import { tsmReport } from '../../../src/machine/tsm.ts'
import { closeTee } from '../../../src/steps/close-tee.ts'
import type { Boot } from '../../../src/steps/step.ts'
import { probeData, type Question, scenarios, usualKey } from './scenarios.ts'

const parameters = '/sys/module/fake_sev_firmware/parameters'

/** The function mounts configfs itself, as in a boot. */
const askConfigfs = (): Buffer => {
  const report = tsmReport(probeData, 'probe')
  if (report === undefined) throw new Error('no configfs-tsm')
  process.stdout.write(`probe configfs = ${report.provider} ${report.auxblob.toString('hex')}\n`)
  return report.outblob
}

const askRaw = ({ call, version = 1, certificates }: Question & { kind: 'raw' }): string => {
  const table = Buffer.alloc(certificates || 4096)
  const request = printExtendedReportRequest({
    reportData: probeData,
    vmpl: 0,
    certificates: 0n,
    certificatesBytes: certificates ?? 0,
  })
  const response = Buffer.alloc(4000)
  const message = printGuestRequest({ messageVersion: version, request: 0n, response: 0n, exitInfo2: 0n })
  const pointers = [
    { from: message, at: 8, to: request },
    { from: message, at: 16, to: response },
    ...(certificates ? [{ from: request, at: 96, to: table }] : []),
  ]
  const fd = openSync('/dev/sev-guest', 'r+')
  let ended = 'done'
  try {
    ioctlPointing(fd, SNP.getReport + call, message, pointers)
  } catch (thrown) {
    ended = errnoOf(thrown) ?? reasonOf(thrown)
  }
  closeSync(fd)
  const size = certificates === undefined ? '' : ` ${parseExtendedReportRequest(request)?.certificatesBytes}`
  return `${ended} ${parseGuestRequest(message)?.exitInfo2.toString(16)}${size}`
}

const boot: Boot = {
  machine: linux,
  edition: production,
  entered: 0,
  started: 0,
  plan: '',
  done: [],
  storageKeys: new Set(),
  released: new Map(),
  cvm: 'sev-snp',
  site: undefined,
}

const evidenceHex = (): string => {
  const made = teeEvidence('sev-snp', probeData, 'probe-evidence')
  return made?.type === 'sev-snp' ? made.report.toString('hex') : 'none'
}

const ask = (question: Question): string => {
  if (question.kind === 'raw') return askRaw(question)
  if (question.kind === 'channel') return `${channelRefuses()}`
  if (question.kind === 'configfs') return askConfigfs().toString('hex')
  if (question.kind === 'key') {
    using key = linux.snpDerivedKey({ ...usualKey, ...question.request })
    return key.bytes.toString('hex')
  }
  const request = { reportData: probeData, vmpl: question.vmpl ?? 0 }
  if (question.kind === 'report') return printSnpReport(linux.snpReport(request)).toString('hex')
  const { report, certificates } = snpExtendedReport(request)
  const listed = certificates.map(({ id, bytes }) => ` ${id}:${bytes.toString('hex')}`)
  return printSnpReport(report).toString('hex') + listed.join('')
}

/**
 * The call of `snpguest report report.bin request.bin`, which NVFlare's authorizer runs, byte for byte as snpguest 0.11 makes it
 * (virtee/snpguest src/report.rs; virtee/sev src/firmware/linux/guest): the device opened for reading alone, the message version 1
 * of 32 bits, and VMPL 1 where no --vmpl is given.
 */
const askAsSnpguest = (): string => {
  const request = Buffer.alloc(96)
  probeData.copy(request)
  request.writeUInt32LE(1, 64)
  const response = Buffer.alloc(4000)
  const message = Buffer.alloc(32)
  message.writeUInt32LE(1, 0)
  const fd = openSync('/dev/sev-guest', 'r')
  try {
    ioctlPointing(fd, 0xc0205300, message, [
      { from: message, at: 8, to: request },
      { from: message, at: 16, to: response },
    ])
  } finally {
    closeSync(fd)
  }
  // Status, size of the report, report.
  return `${response.readUInt32LE(0)} ${response.readUInt32LE(4)} ${response.subarray(32, 32 + 1184).toString('hex')}`
}

/** The step `close-tee` with TEE_AFTER_BOOT=report, and then the requests of a program that runs after the boot. */
const askAfterBoot = (): void => {
  const print = (name: string, asked: () => string): void => {
    let answer: string
    try {
      answer = asked()
    } catch (thrown) {
      answer = say(faultOf(thrown))
    }
    process.stdout.write(`probe after: ${name} = ${answer}\n`)
  }
  const report = (vmpl: number) => () =>
    printSnpReport(linux.snpReport({ reportData: probeData, vmpl })).toString('hex')
  const key = (vmpl: number) => () => {
    using made = linux.snpDerivedKey({ ...usualKey, vmpl })
    return made.bytes.toString('hex')
  }
  writeFileSync(`${parameters}/vmpck`, '1\n')
  print('evidence before', () => evidenceHex())
  print('step', () => JSON.stringify(closeTee.run({ kind: 'close-tee', leave: 'report' }, boot)))
  print('evidence', () => evidenceHex())
  for (const vmpl of [0, 1, 2]) print(`report ${vmpl}`, report(vmpl))
  for (const vmpl of [0, 1]) print(`key ${vmpl}`, key(vmpl))
  print('configfs', () => askConfigfs().toString('hex'))
  print('snpguest', askAsSnpguest)
  print('removed', () => linux.closeTee())
  print('VMPCK 0', () => `${linux.openTee(0)}`)
  print('VMPCK 4', () => `${linux.openTee(4)}`)
  print('VMPCK 1', () => `${linux.openTee(1)}`)
  print('VMPCK 1 again', () => `${linux.openTee(1)}`)
  print('report 1 again', report(1))
  print('log', () => `${saysWiped(readKernelLog())}`)
}

const run = (): void => {
  linux.start()
  // On a slow machine the kernel's messages come in the middle of a line of this program, and the test cannot read the line.
  writeFileSync('/proc/sys/kernel/printk', '1\n')
  process.stdout.write(`probe cvm = ${linux.cvm()}\nprobe vmpl = ${linux.snpVmpl()}\n`)
  const log = () => process.stdout.write(`probe log = ${saysWiped(readKernelLog())}\n`)
  log()
  for (const { name, launch = {}, question } of scenarios) {
    const changed = { vmpck: '1', ...launch }
    const before = Object.keys(changed).map(
      (key) => [key, readFileSync(`${parameters}/${key}`, 'latin1')] as const,
    )
    // An empty write would not reach the kernel.
    for (const [key, value] of Object.entries(changed)) writeFileSync(`${parameters}/${key}`, `${value}\n`)
    let answer: string
    try {
      answer = ask(question)
    } catch (thrown) {
      answer = say(faultOf(thrown))
    }
    for (const [key, value] of before) writeFileSync(`${parameters}/${key}`, value)
    process.stdout.write(`probe ${name} = ${answer}\n`)
  }
  // One of them failed, and the kernel wiped its key.
  log()
  askAfterBoot()
}

try {
  run()
} catch (thrown) {
  process.stdout.write(`probe failed = ${thrown instanceof Error ? thrown.stack : thrown}\n`)
}
process.stdout.write('probe end = \n')
linux.end('poweroff')
