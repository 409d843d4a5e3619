// What the packages carry to be read: every page, its pictures, and the example of a configuration.

import { globSync } from 'node:fs'
import { root } from '../bundle.ts'

/** Paths in the project, which the links between the pages need as they are. */
export const documents: readonly string[] = [
  ...globSync(['*.md', 'docs/**/*.md', 'docs/pictures/*.svg'], { cwd: root }),
  'examples/partition.conf',
].sort()
