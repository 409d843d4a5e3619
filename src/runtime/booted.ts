// What a booted machine was measured to be: its command line, the configuration that the boot kept, and its state.

import { parseParams } from '../cmdline/params.ts'
import { parseConfig } from '../config/config.ts'
import { fail } from '../fault/index.ts'
import { readConfigFile } from '../machine/config-file.ts'
import { bootedConfigPath, parseState, type State, statePath, whyNoState } from '../proof/state.ts'
import { type Expected, expectedOf } from './expected.ts'
import type { System } from './system.ts'

/** `config`: a file to take instead of what the boot kept. Faults: `state-read`, `cmdline-*`, `config-*`. */
export const readBooted = (
  system: System,
  config: string | undefined,
): { readonly expected: Expected; readonly state: State } => {
  const text = system.text(statePath)
  const unread = (reason: string) => fail('state-read', { path: statePath, reason, also: '' })
  if (text === undefined) throw unread('there is no such file')
  const state = parseState(text)
  if (state === undefined) throw unread(whyNoState(text))
  const kept = config === undefined ? system.text(bootedConfigPath) : readConfigFile(config)
  if (kept === undefined)
    throw fail('config-missing', { file: bootedConfigPath, reason: 'the boot left none' })
  const cmdline = (system.text('/proc/cmdline') ?? '').replace(/\n$/, '')
  const settings = parseConfig(kept, config ?? bootedConfigPath)
  // The boot has judged the words. Which initramfs it ran in is not kept, and a framework's takes a few words more.
  const params = parseParams(cmdline, { listed: settings.cmdlineWords, pivot: 'framework' })
  return { expected: expectedOf(params, settings), state }
}
