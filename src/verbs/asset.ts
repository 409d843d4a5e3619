// The verbs in the executable: an asset beside the script of the boot. This file reads and evaluates the asset.
// The build puts this file in the place of production.ts or mock.ts. A run from source imports those two instead.
//
// - A boot pays nothing for the verbs: V8 scans the whole script at each start, but a boot never reads the asset.
// - The asset is part of the executable's file, so that a measurement of the executable covers the asset too.
// - The two scripts share nothing. Each has its own copy of the edition, of the faults and of all other code that both use.
//   The boot passes words to the verbs and gets no value back. So no `instanceof` meets a class of the other script.

import { getAsset } from 'node:sea'
import { compileFunction } from 'node:vm'

type Verbs = { readonly runVerbOrExit: (words: readonly string[]) => Promise<void> }

/** The asset's name in the executable. Stack traces show the name too. */
export const verbsAsset = 'cvmboot-verbs.cjs'

/** Evaluates the verbs, and runs the one that the first word names. */
export const runVerbOrExit = async (words: readonly string[]): Promise<void> => {
  const module: { exports: Verbs | undefined } = { exports: undefined }
  compileFunction(getAsset(verbsAsset, 'utf8'), ['module'], { filename: verbsAsset })(module)
  await module.exports?.runVerbOrExit(words)
}
