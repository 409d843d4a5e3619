// What must hold of a closed TEE: the driver that derives keys of the launch is gone, and so is /dev/sev-guest. Pure.

/** `loaded`: the driver is there, and the asker does not know whether it is built in. */
export type TeeDriver = 'absent' | 'removed' | 'built in' | 'loaded'

export const isClosed = (driver: TeeDriver): driver is 'absent' | 'removed' =>
  driver === 'absent' || driver === 'removed'
