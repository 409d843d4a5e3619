// What must hold of a closed TEE: /dev/sev-guest is gone, or its driver asks at VMPL 1 and above alone. Pure.

/** `loaded`: the driver is there, and the asker does not know whether it is built in. */
export type TeeDriver = 'absent' | 'removed' | 'built in' | 'loaded'

export const isClosed = (driver: TeeDriver): driver is 'absent' | 'removed' =>
  driver === 'absent' || driver === 'removed'

/** The VMPCK that the boot leaves where it leaves the driver for reports. VMPCK n is for requests at VMPL n and above. */
export const reportVmpck = 1

/** The reason why a driver that the boot left for reports is another one; undefined where it is the same. */
export const wrongDriver = (
  device: 'present' | 'absent',
  vmpckId: string | undefined,
): string | undefined => {
  if (device === 'absent') return '/dev/sev-guest is gone, so no program can have a report'
  const found = vmpckId?.trim()
  return found === `${reportVmpck}`
    ? undefined
    : `its driver uses VMPCK ${found ?? 'of no known number'}, and the boot left VMPCK ${reportVmpck}`
}

/** A report that the driver got, and the request. */
type Asked = { readonly vmpl: number; readonly reportData: string }

/** The reason why a report is no answer to a request; undefined where it is. */
export const wrongAnswer = (report: Asked, asked: Asked): string | undefined => {
  if (report.vmpl !== asked.vmpl)
    return `a report that was asked for at VMPL ${asked.vmpl} is for VMPL ${report.vmpl}`
  return report.reportData === asked.reportData ? undefined : 'the report data is not that of the request'
}
