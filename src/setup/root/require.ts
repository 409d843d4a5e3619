// What `setup` asks of a root before it lays one out: an init that the kernel can run, without which the boot would halt,
// and a place for the machine's ID.

import { type Config, machineIdPlace } from '../../config/config.ts'
import { type BootFault, fail, printable } from '../../fault/index.ts'
import { volumes } from '../../layout/layout.ts'
import { containerIn, isEmpty, rootBelow } from './container.ts'
import { machineIdIn, machineIdPath } from './machine-id.ts'
import { type Unfit, unfitProgram } from './program.ts'
import type { RootView } from './view.ts'

/** Directories that show something else than the root once the boot has mounted all. */
const coveredIn = (config: Config): readonly string[] => [
  ...volumes.filter(({ name }) => name !== 'root-fs').map(({ name }) => config.mount[name]),
  ...(config.configOverEtc.length > 0 ? ['/etc'] : []),
  ...['/proc', '/sys', '/dev', '/run'],
]

export type RootJob = {
  readonly view: RootView
  /** For words. */
  readonly path: string
  readonly config: Config
  /** A file that is missing can be made in a tree, and not in an image. */
  readonly missing: 'make' | 'refuse'
}

/** Returns what has to be said of the root, a line each. Faults: `root-*`, `tool-*`. */
export const requireRoot = async ({ view, path, config, missing }: RootJob): Promise<readonly string[]> => {
  const init = await requireInit(view, path, config)
  const place = machineIdPlace(config)
  const id = await machineIdIn(view, path, place)
  // A boot whose /etc is a writable layer makes the file in that layer.
  if (id.kind === 'absent' && missing === 'refuse' && place !== 'layer')
    throw fail('root-machine-id', { path, reason: 'there is no such file in this image' })
  const made =
    missing === 'make' ? `root-fs: it had no ${machineIdPath}; an empty one is in its image` : undefined
  const said = id.kind === 'absent' ? made : id.says
  return [init, said].filter((line) => line !== undefined)
}

/** Returns what has to be said of the init, or nothing. Faults: `root-*`. */
const requireInit = async (view: RootView, path: string, config: Config): Promise<string | undefined> => {
  const { init } = config
  const unfit = await unfitProgram({ view, covered: coveredIn(config) }, init)
  if (unfit === undefined) return undefined
  const unknown = unknownIn(unfit)
  if (unknown !== undefined)
    return `root-fs: nothing here can tell whether the kernel runs ${init}: ${unknown.path}: ${unknown.reason}; the boot halts where it does not`
  const archive = await containerIn(view)
  if (archive !== undefined) throw fail('root-container', { path, found: archive })
  if (await isEmpty(view)) throw fail('root-empty', { path })
  const below = unfit.kind === 'missing' ? await rootBelow(view) : undefined
  throw refusal(unfit, path, init, below)
}

/** The reason why nobody can tell, where that is the reason. */
const unknownIn = (unfit: Unfit): Extract<Unfit, { kind: 'unknown' }> | undefined =>
  unfit.kind === 'unknown'
    ? unfit
    : unfit.kind === 'needs' && unfit.unfit
      ? unknownIn(unfit.unfit)
      : undefined

const refusal = (unfit: Unfit, path: string, init: string, below: string | undefined): BootFault => {
  switch (unfit.kind) {
    case 'missing':
      return below === undefined
        ? fail('root-init-missing', { path, init: unfit.path })
        : fail('root-below', { path, init, below })
    case 'link': {
      const { link, reason } = unfit
      return fail('root-init-link', { path, link: link.path, target: link.target, reason })
    }
    case 'mode':
      return fail('root-init-mode', { path, init: unfit.path, mode: unfit.mode.toString(8).padStart(4, '0') })
    case 'needs':
      return fail('root-init-needs', {
        path,
        init: unfit.path,
        needs: unfit.needs,
        reason: unfit.unfit === undefined ? 'the kernel cannot run it' : inWords(unfit.unfit),
      })
    default:
      return fail('root-init-format', { path, init: unfit.path, reason: unfit.reason })
  }
}

/** Why a loader or an interpreter cannot be run. */
const inWords = (unfit: Unfit): string => {
  switch (unfit.kind) {
    case 'missing':
      return `the root has no ${printable(unfit.path)}`
    case 'link':
      return `${unfit.link.path} is a link to ${unfit.link.target}: ${unfit.reason}`
    case 'mode':
      return `${unfit.path} is not executable`
    case 'needs':
      return `${unfit.path} needs ${unfit.needs}${unfit.unfit === undefined ? '' : `: ${inWords(unfit.unfit)}`}`
    default:
      return `${unfit.path}: ${unfit.reason}`
  }
}
