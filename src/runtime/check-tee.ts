// The checks of the TEE: the driver is gone where the plan removes the driver; else the kernel can ask the firmware. Pure.

import { fail } from '../fault/index.ts'
import { saysWiped } from '../machine/sev-guest.ts'
import { isClosed } from '../proof/tee.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { Scene } from './scene.ts'

const isThere = ({ system }: Scene): boolean => system.names('/dev').includes('sev-guest')

export const checkClosedTee = (scene: Scene): Finding =>
  isClosed(isThere(scene) ? 'loaded' : 'absent')
    ? good('TEE', 'the driver that derives keys is gone')
    : bad('TEE', fail('verify-tee', {}).fault)

/** The check for a plan without the step `close-tee`. Where there is no device, the check gives no finding. */
export const checkOpenTee = (scene: Scene): Finding[] => {
  const { system, plan } = scene
  if (plan.some(({ kind }) => kind === 'close-tee') || !isThere(scene)) return []
  // The check does not ask the firmware itself: on a busy host, such a request may end the channel.
  const wiped = system.teeRefuses() || saysWiped(system.kernelLog())
  return [
    wiped ? bad('TEE', fail('verify-tee-wiped', {}).fault) : good('TEE', 'the kernel can ask its firmware'),
  ]
}
