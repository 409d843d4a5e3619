// Who makes the new root the root. Pure.

/** `own`: the agent, as PID 1. `framework`: the init of dracut or initramfs-tools, after the agent. */
export type Pivot = 'own' | 'framework'

/** Where the agent lies in an initramfs of a framework; in one of `pack` the agent is /init. */
export const agentPath = '/usr/sbin/cvmboot'

/** By the paths of an initramfs. */
export const pivotOf = (has: (path: string) => boolean): Pivot => (has(agentPath) ? 'framework' : 'own')
