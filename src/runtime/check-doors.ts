// The check of what systemd starts because of the host's devices: whether each mask of the boot is still there. Pure.

import { fail } from '../fault/index.ts'
import { generatorDirectories, generatorMasks, unitMasks } from '../system/doors.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { Scene } from './scene.ts'

/** In /run a generator that is no mask would run in place of the verified one. */
export const checkDoors = ({ system, expected }: Scene): Finding[] => {
  const { generators, units } = expected.doors
  const inRun = system.names(generatorMasks)
  const found = generatorDirectories.flatMap((directory) => system.names(directory))
  const masked = [...new Set([...inRun, ...found.filter((name) => !generators.includes(name))])]
  const open = (path: string): Finding[] => {
    const text = system.text(path)?.trim()
    if (text === '') return []
    const [setting, now] = [
      path.slice(path.lastIndexOf('/') + 1),
      text === undefined ? 'not masked' : 'a file',
    ]
    return [bad(setting, fail('verify-setting', { setting, value: 'masked', now }).fault)]
  }
  const lost = [
    ...masked.map((name) => `${generatorMasks}/${name}`),
    ...units.map((unit) => `${unitMasks}/${unit}`),
  ].flatMap(open)
  const says = `${masked.length} generators and ${units.length} units are masked`
  return lost.length > 0 ? lost : [good('doors', says)]
}
