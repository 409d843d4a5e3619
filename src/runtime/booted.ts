// The records of a boot on a running machine: the plan that follows from the command line and from the configuration that the
// boot kept, and the state that the boot left.

import { parseParams } from '../cmdline/params.ts'
import { readingsOf } from '../cmdline/readings.ts'
import { parseConfig } from '../config/config.ts'
import { fail } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { lastingProviders } from '../keys/providers.ts'
import { readConfigFile } from '../machine/config-file.ts'
import { planBoot } from '../plan/plan.ts'
import { bootedConfigPath, parseState, type State, statePath, whyNoState } from '../proof/state.ts'
import type { Plan } from './planned.ts'
import type { System } from './system.ts'

/**
 * `config`: a file in place of the configuration that the boot kept. `providers`: the key providers of the build that booted.
 * Faults: `state-read`, `cmdline-*`, `config-*`.
 */
export const readBooted = (
  system: System,
  config: string | undefined,
  providers: readonly LastingProvider[] = lastingProviders,
): { readonly plan: Plan; readonly state: State } => {
  const text = system.text(statePath)
  const unread = (reason: string) => fail('state-read', { path: statePath, reason, also: '' })
  if (text === undefined) throw unread('there is no such file')
  const state = parseState(text)
  if (state === undefined) throw unread(whyNoState(text))
  const kept = config === undefined ? system.text(bootedConfigPath) : readConfigFile(config)
  if (kept === undefined)
    throw fail('config-missing', { file: bootedConfigPath, reason: 'the boot left none' })
  const cmdline = (system.text('/proc/cmdline') ?? '').replace(/\n$/, '')
  const settings = parseConfig(kept, config ?? bootedConfigPath, providers)
  // The boot has judged the words. The state does not say in which kind of initramfs the boot ran, so the words of all kinds
  // are taken. Only the last step of the plan depends on the kind, and no reader of the plan looks at that step.
  const params = parseParams(readingsOf(cmdline), { listed: settings.cmdlineWords, pivot: 'framework' })
  return { plan: planBoot(params, settings, 'own', providers), state }
}
