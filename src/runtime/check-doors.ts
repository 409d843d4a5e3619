// The check of the generators and units that a host's device could make systemd start: whether each mask of the boot is still
// there. Pure.

import { generatorDirectories, generatorMasks, unitMasks } from '../system/doors.ts'
import { type Finding, good } from '../terminal/finding.ts'
import { checkMask } from './check-settings.ts'
import type { StepOf } from './planned.ts'
import type { Scene } from './scene.ts'

/** A generator in /run that is no mask would run in place of the verified generator. */
export const checkDoors = ({ generators, units }: StepOf<'close-doors'>, scene: Scene): Finding[] => {
  const { system } = scene
  const inRun = system.names(generatorMasks)
  const found = generatorDirectories.flatMap((directory) => system.names(directory))
  const masked = [...new Set([...inRun, ...found.filter((name) => !generators.includes(name))])]
  const lost = [
    ...masked.map((name) => `${generatorMasks}/${name}`),
    ...units.map((unit) => `${unitMasks}/${unit}`),
  ]
    .map((path) => checkMask(path, scene))
    .filter(({ result }) => result === 'bad')
  const says = `${masked.length} generators and ${units.length} units are masked`
  return lost.length > 0 ? lost : [good('doors', says)]
}
