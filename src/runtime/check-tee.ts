// The checks of the TEE: the driver is gone, or asks at VMPL 1 and above alone, as the plan says; else the kernel can ask the
// firmware. Pure.

import { fail } from '../fault/index.ts'
import { saysWiped, vmpckIdPath } from '../machine/sev-guest.ts'
import { evidenceOf } from '../proof/state.ts'
import { isClosed, wrongDriver } from '../proof/tee.ts'
import type { CloseTee } from '../steps/close-tee.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { Scene } from './scene.ts'

const isThere = ({ system }: Scene): boolean => system.names('/dev').includes('sev-guest')

const checkRemoved = (scene: Scene): Finding =>
  isClosed(isThere(scene) ? 'loaded' : 'absent')
    ? good('TEE', 'the driver that derives keys is gone')
    : bad('TEE', fail('verify-tee', {}).fault)

/** Asks no firmware, as `checkChannel` does. */
const checkNarrow = (scene: Scene): Finding => {
  const { system } = scene
  const reason = wrongDriver(isThere(scene) ? 'present' : 'absent', system.text(vmpckIdPath))
  if (reason !== undefined) return bad('TEE', fail('verify-tee-vmpck', { reason }).fault)
  return checkChannel(scene, 'the driver asks at VMPL 1 and above alone')
}

/** The check does not ask the firmware itself: on a busy host, such a request may end the channel. */
const checkChannel = ({ system }: Scene, says: string): Finding =>
  system.teeRefuses() || saysWiped(system.kernelLog())
    ? bad('TEE', fail('verify-tee-wiped', {}).fault)
    : good('TEE', says)

/** The boot leaves a driver for reports only where it found a driver. */
export const checkClosedTee = ({ leave }: CloseTee, scene: Scene): Finding => {
  const left = evidenceOf(scene.state, 'close-tee')[0]?.tee
  return leave === 'report' && left !== 'absent' ? checkNarrow(scene) : checkRemoved(scene)
}

/** The check for a plan without the step `close-tee`. Where there is no device, the check gives no finding. */
export const checkOpenTee = (scene: Scene): Finding[] => {
  if (scene.plan.some(({ kind }) => kind === 'close-tee') || !isThere(scene)) return []
  return [checkChannel(scene, 'the kernel can ask its firmware')]
}
