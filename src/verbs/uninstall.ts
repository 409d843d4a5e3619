// The verb `uninstall`: its options and words.

import { dryRun, root } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const uninstall = verb({
  about: 'undo what install did',
  text: [
    'Removes the files that cvmboot install put into a root, where they are unchanged, and the directories that it made, where they are empty. Files that were changed since then stay, and are named.',
  ],
  options: { root, 'dry-run': dryRun },
  words: {},
  run: async (given) => {
    const { uninstall } = await import('../install/uninstall.ts')
    await uninstall({ root: given.root, dry: given['dry-run'] ? 'dry' : 'wet' })
  },
})
