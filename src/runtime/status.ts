// The verb `status`: shows the volumes and settings of this machine, and whether the machine is healthy. The verb changes
// nothing.

import { BootFault } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { screenOf } from '../terminal/screen.ts'
import { readBooted } from './booted.ts'
import { live } from './live.ts'
import { readManifest } from './manifest-file.ts'
import { overviewOf, overviewWith } from './overview.ts'
import { printOverview, printOverviewJson } from './overview-text.ts'
import { sceneOf } from './scene.ts'

type StatusOptions = {
  readonly config: string | undefined
  readonly manifest: string | undefined
  readonly json: boolean
  /** The key providers of the build that booted. */
  readonly providers: readonly LastingProvider[]
}

/** Prints the overview, then fails with the first problem. Faults: `state-read`, `config-*`, `measure-*`, `verify-*`. */
export const status = async ({ config, manifest, json, providers }: StatusOptions): Promise<void> => {
  const { plan, state } = readBooted(live, config, providers)
  const scene = sceneOf(live, plan, state)
  const overview = manifest === undefined ? overviewOf(scene) : overviewWith(readManifest(manifest), scene)
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json ? printOverviewJson(overview) : printOverview(overview, screen))
  const [fault] = overview.problems
  if (fault !== undefined) throw new BootFault(fault)
}
