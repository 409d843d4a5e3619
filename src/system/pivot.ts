// Which program makes the new root the root of the system. Pure.

/** `own`: the agent, as PID 1. `framework`: the init of dracut or initramfs-tools, after the agent. */
export type Pivot = 'own' | 'framework'

/** The path of the agent in an initramfs of a framework. In an initramfs of `pack` the agent is /init. */
export const agentPath = '/usr/sbin/cvmboot'

/** The pivot of an initramfs. `has` tells whether a path is in the initramfs. */
export const pivotOf = (has: (path: string) => boolean): Pivot => (has(agentPath) ? 'framework' : 'own')
