// The checks of the TEE: closed where the plan closes it, else able to give evidence. Pure.

import { fail } from '../fault/index.ts'
import { saysWiped } from '../machine/sev-guest.ts'
import { isClosed } from '../proof/tee.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { Scene } from './scene.ts'

const isThere = ({ system }: Scene): boolean => system.names('/dev').includes('sev-guest')

export const checkClosedTee = (scene: Scene): Finding =>
  isClosed(isThere(scene) ? 'loaded' : 'absent')
    ? good('TEE', 'what derives keys is gone')
    : bad('TEE', fail('verify-tee', {}).fault)

/** Of a plan without the step `close-tee`. Nothing is said where there is no device. */
export const checkOpenTee = (scene: Scene): Finding[] => {
  const { system, plan } = scene
  if (plan.some(({ kind }) => kind === 'close-tee') || !isThere(scene)) return []
  // Nobody asks the firmware only to see whether it answers: on a busy host such a request may be what ends the channel.
  const wiped = system.teeRefuses() || saysWiped(system.kernelLog())
  return [
    wiped ? bad('TEE', fail('verify-tee-wiped', {}).fault) : good('TEE', 'the kernel can ask its firmware'),
  ]
}
