// The check of our devices on a running machine: another mapping or loop device on one of them would be a way around dm-verity
// and dm-crypt. Pure.

import { fail } from '../fault/index.ts'
import { isDeviceNumber } from '../layout/device-number.ts'
import { integrityName } from '../proof/integrity.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import { mountAt } from './mounts.ts'
import { volumesIn } from './planned.ts'
import { deviceOf, dmName, type Scene } from './scene.ts'

/** The numbers of all devices that are ours: the mappings, and the partitions beneath the mappings. */
const ourDevices = ({
  system,
  plan,
  mounts,
}: Scene): { partitions: string[]; mapped: Map<string, string> } => {
  const partitions: string[] = []
  const mapped = new Map<string, string>()
  for (const { name, protection, mount } of volumesIn(plan)) {
    if (protection === 'none') {
      const dev = mountAt(mounts, mount)?.dev
      if (dev !== undefined) partitions.push(dev)
    }
    for (const one of [name, integrityName(name)]) {
      const mapping = system.mapping(one)
      if (mapping === undefined) continue
      mapped.set(mapping.dev, one)
      partitions.push(...mapping.table.split(' ').filter(isDeviceNumber))
    }
  }
  return { partitions: partitions.filter((dev) => !mapped.has(dev)), mapped }
}

/** No other mapping and no loop device may lie on our devices. */
export const checkDevices = (scene: Scene): Finding[] => {
  const { system } = scene
  const { partitions, mapped } = ourDevices(scene)
  const ours = new Set(mapped.values())
  const found: Finding[] = []
  const seen = new Set<string>()
  const say = (dev: string, by: string) => {
    const device = deviceOf(system, dev).name ?? dev
    if (seen.has(`${device} ${by}`)) return
    seen.add(`${device} ${by}`)
    found.push(bad('devices', fail('verify-shared', { device: `/dev/${device}`, found: by }).fault))
  }
  for (const dev of [...partitions, ...mapped.keys()])
    for (const place of [`/sys/dev/block/${dev}/holders`, `/sys/dev/block/${dev}/../holders`])
      for (const holder of system.names(place)) {
        const name = dmName(system, holder)
        if (!ours.has(name)) say(dev, `the mapping ${name}`)
      }
  const names = new Map<string, string>(
    [...partitions, ...mapped.keys()].flatMap((dev) => {
      const { name } = deviceOf(system, dev)
      const disk = /^DEVNAME=(.+)$/m.exec(system.text(`/sys/dev/block/${dev}/../uevent`) ?? '')?.[1]
      return [name, disk].flatMap((one) => (one === undefined ? [] : [[`/dev/${one}`, dev] as const]))
    }),
  )
  for (const loop of system.names('/sys/block').filter((name) => name.startsWith('loop'))) {
    const behind = system.text(`/sys/block/${loop}/loop/backing_file`)?.trim()
    const dev = behind === undefined ? undefined : names.get(behind)
    if (dev !== undefined) say(dev, `/dev/${loop}`)
  }
  return found.length > 0 ? found : [good('devices', 'no other mapping or loop device lies on ours')]
}
