// close-doors: systemd of the new root starts nothing because of a device, firmware variable or disk that the host chose.
// The masks lie in /run, which moves along to the new root. systemd prefers a unit in /run to the unit of the same name in
// /usr/lib, and a generator in /run to the generators of the same name in /etc and in /usr/lib.

import { fail } from '../fault/index.ts'
import type { Machine } from '../machine/machine.ts'
import { maskDiffers } from '../proof/mask.ts'
import { generatorDirectories, generatorMasks, unitMasks } from '../system/doors.ts'
import { newRoot } from '../system/initramfs.ts'
import type { Definition } from './step.ts'

export type CloseDoors = {
  readonly kind: 'close-doors'
  /** Generators that may run; the step masks every other generator of the new root. */
  readonly generators: readonly string[]
  /** Units that the step masks. */
  readonly units: readonly string[]
}

const mask = (machine: Machine, path: string): void => {
  machine.writeLink(path, '/dev/null')
  if (maskDiffers(machine.fileBytes(path)) !== undefined) throw fail('door-unmasked', { path })
}

export const closeDoors: Definition<CloseDoors> = {
  print: ({ generators, units }) =>
    `close-doors generators but ${generators.join(' ')}, units ${units.join(' ')}`,
  subject: () => '',
  run: ({ generators, units }, { machine }) => {
    const found = new Set(generatorDirectories.flatMap((directory) => machine.names(newRoot, directory)))
    const masked = [...found].filter((name) => !generators.includes(name)).sort()
    for (const name of masked) mask(machine, `${generatorMasks}/${name}`)
    for (const unit of units) mask(machine, `${unitMasks}/${unit}`)
    return { kind: 'close-doors', masked, units: units.length }
  },
}
