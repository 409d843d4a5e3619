// The verb `uninstall`: its options and words.

import { dryRun, root } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const uninstall = verb({
  about: 'undo what install did',
  text: [
    'Removes the unchanged files that cvmboot install put into a root, and the empty directories that cvmboot install made. Keeps the files that were changed since then, and names them.',
  ],
  options: { root, 'dry-run': dryRun },
  words: {},
  run: async (given) => {
    const { uninstall } = await import('../install/uninstall.ts')
    await uninstall({ root: given.root, dry: given['dry-run'] ? 'dry' : 'wet' })
  },
})
