// An /init that asks the stand-in for SEV-SNP the questions of scenarios.ts, by the functions that a boot uses, and prints one
// line for each: `probe NAME = ANSWER`. The probe judges nothing.

import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
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
import { tsmReport } from '../../../src/machine/tsm.ts'
import { probeData, type Question, scenarios, usualKey } from './scenarios.ts'

const parameters = '/sys/module/sev_guest/parameters'

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
}

try {
  run()
} catch (thrown) {
  process.stdout.write(`probe failed = ${thrown instanceof Error ? thrown.stack : thrown}\n`)
}
process.stdout.write('probe end = \n')
linux.end('poweroff')
