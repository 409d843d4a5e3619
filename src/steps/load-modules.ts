// load-modules: loads the kernel modules that every boot needs, and drivers for the hardware that is present.

import type { Definition } from './step.ts'

export type LoadModules = {
  readonly kind: 'load-modules'
  readonly modules: readonly string[]
  /** Modules that partition.conf adds. */
  readonly wanted: readonly string[]
}

export const loadModules: Definition<LoadModules> = {
  print: ({ modules, wanted }) =>
    [
      `load-modules ${modules.join(' ')}`,
      ...(wanted.length > 0 ? [`and of MODULES ${wanted.join(' ')}`] : []),
      'and drivers for the hardware present',
    ].join(' '),
  subject: () => '',
  run: ({ modules, wanted }, { machine }) => {
    machine.loadModules(modules)
    if (wanted.length > 0) machine.loadWanted(wanted)
    machine.loadDrivers()
    return { kind: 'load-modules' }
  },
}
