// The demands of `setup` on a root before setup builds an image: an init that the kernel can run, without which the boot would
// halt, and a file for the machine's ID.

import { type Config, machineIdPlace } from '../../config/config.ts'
import { type BootFault, fail, printable } from '../../fault/index.ts'
import { volumes } from '../../layout/layout.ts'
import { containerIn, isEmpty, rootBelow } from './container.ts'
import { machineIdIn, machineIdPath } from './machine-id.ts'
import { type Unfit, unfitProgram } from './program.ts'
import type { RootView } from './view.ts'

/** Directories on which the boot mounts something else, so that programs no longer see the content of the root there. */
const coveredIn = (config: Config): readonly string[] => [
  ...volumes.filter(({ name }) => name !== 'root-fs').map(({ name }) => config.mount[name]),
  ...(config.configOverEtc.length > 0 ? ['/etc'] : []),
  ...['/proc', '/sys', '/dev', '/run'],
]

export type RootJob = {
  readonly view: RootView
  /** The path of the source, for messages. */
  readonly path: string
  readonly config: Config
  /** `make`: setup makes a missing file, in a tree. `refuse`: setup cannot, in a ready image. */
  readonly missing: 'make' | 'refuse'
}

/** Returns the notes on the root, one line each. Faults: `root-*`, `tool-*`. */
export const requireRoot = async ({ view, path, config, missing }: RootJob): Promise<readonly string[]> => {
  const init = await requireInit(view, path, config)
  const place = machineIdPlace(config)
  const id = await machineIdIn(view, path, place)
  // Where the boot mounts a writable layer over /etc, the boot makes a missing file in that layer.
  if (id.kind === 'absent' && missing === 'refuse' && place !== 'layer')
    throw fail('root-machine-id', { path, reason: 'there is no such file in this image' })
  const made =
    missing === 'make' ? `root-fs: it had no ${machineIdPath}; an empty one is in its image` : undefined
  const said = id.kind === 'absent' ? made : id.says
  return [init, said].filter((line) => line !== undefined)
}

/** Returns a note on the init where nobody can tell whether it runs; undefined where it runs. Faults: `root-*`. */
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

/** The part of `unfit` that setup could not judge: the program itself, or the loader or interpreter that it needs. */
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

/** Words for the reason why the kernel cannot run a loader or an interpreter. */
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
