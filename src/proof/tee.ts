// What must hold of a closed TEE: the driver that derives keys of the launch is gone, and /dev/sev-guest with it. Pure.

/** `loaded`: the driver is there, and nobody knows how it came. */
export type TeeDriver = 'absent' | 'removed' | 'built in' | 'loaded'

export const isClosed = (driver: TeeDriver): driver is 'absent' | 'removed' =>
  driver === 'absent' || driver === 'removed'
