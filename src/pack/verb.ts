// The verb `pack`: an initramfs, or with --uki a whole unified kernel image.

import { packHelp as archiveHelp, pack as packArchive } from './pack.ts'
import { packUki } from './uki.ts'
import { ukiHelp } from './uki-options.ts'

export const packHelp = `${archiveHelp}${ukiHelp}`

/** Faults: those of the two. */
export const pack = (args: readonly string[]): Promise<void> =>
  args.includes('--uki') ? packUki(args) : packArchive(args)
