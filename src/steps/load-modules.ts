// load-modules: the kernel modules that every boot needs, and drivers for the hardware there is.

import type { Definition } from './step.ts'

export type LoadModules = { readonly kind: 'load-modules'; readonly modules: readonly string[] }

export const loadModules: Definition<LoadModules> = {
  print: ({ modules }) => `load-modules ${modules.join(' ')} and drivers for the hardware present`,
  subject: () => '',
  run: ({ modules }, { machine }) => {
    machine.loadModules(modules)
    machine.loadDrivers()
    return {}
  },
}
