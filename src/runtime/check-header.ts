// The check of the header of a volume that lasts: whether the disk still has the header that the boot opened. Pure.

import { fail } from '../fault/index.ts'
import { headerAreaBytes } from '../layout/luks2/luks2.ts'
import { headerDiffers } from '../proof/header.ts'
import { volumeIn } from '../proof/state.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { StepOf } from './planned.ts'
import type { Scene } from './scene.ts'

export const checkHeader = ({ volume }: StepOf<'open-lasting'>, { system, state }: Scene): Finding => {
  const headerBad = (reason: string) =>
    bad(`header ${volume}`, fail('verify-header', { volume, reason }).fault)
  const known = volumeIn(state, volume)?.opened
  if (known?.kind !== 'open-lasting') return headerBad('the state does not say which header the boot opened')
  const device = known.data
  const area = system.read(device, 0n, headerAreaBytes)
  const spare = system.read(device, BigInt(headerAreaBytes), headerAreaBytes)
  if (area === undefined || spare === undefined) return headerBad(`${device} cannot be read`)
  const reason = headerDiffers(known.header, { area, spare })
  return reason === undefined
    ? good(`header ${volume}`, 'the disk still has the header that this boot opened')
    : headerBad(`on ${device} ${reason}`)
}
