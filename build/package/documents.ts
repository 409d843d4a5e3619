// The documentation in the packages: every page, its pictures, and the example of a configuration.

import { globSync } from 'node:fs'
import { root } from '../bundle.ts'

/** Paths in the project. The packages keep these paths, so that the links between the pages work. */
export const documents: readonly string[] = [
  ...globSync(['*.md', 'docs/**/*.md', 'docs/pictures/*.svg'], { cwd: root }),
  'examples/partition.conf',
].sort()
