// Whether a boot grows with the size of its volumes: 1 GB against 200 GB, both sparse, in one run.

import type { Guest } from '../test/vm/guest.ts'
import { otherFigures } from './budgets.ts'
import { benchDisk, ownInitramfs } from './disk.ts'
import type { PartResult } from './judge.ts'
import { measure } from './measure.ts'
import { markdown } from './table.ts'

export const growth = async (
  guest: Guest,
  marker: string,
  say: (progress: string) => void,
): Promise<PartResult> => {
  const rows: string[][] = []
  const whole: number[] = []
  for (const size of ['1G', '200G']) {
    const { disk, cmdline, config } = await benchDisk(guest, marker, { workspace: size, jobStore: size }, say)
    const initramfs = await ownInitramfs(guest, config, 'lz4', say)
    say(`booting with two encrypted volumes of ${size}`)
    const figures = await measure({ kernel: guest.kernel, initramfs, cmdline, disks: [{ file: disk }] })
    whole.push(figures.whole)
    rows.push([`${size} each`, figures.whole.toFixed(3), figures.fromInit.toFixed(3)])
  }
  const [small = Number.NaN, large = Number.NaN] = whole
  rows.push(['200G ÷ 1G (within 3 %)', (large / small).toFixed(3), ''])
  return {
    text: markdown([['two encrypted volumes', 'whole boot', 'from /init on'], ...rows]),
    figures: new Map([[otherFigures.growth, large / small]]),
  }
}
