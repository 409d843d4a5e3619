// The files that are made from the tables of the verbs, by their paths in a root file system: manual pages and completions.

import type { Carried } from '../install/frameworks.ts'
import { version } from '../version.ts'
import { printBash } from './completion/bash.ts'
import { printFish } from './completion/fish.ts'
import { offeredOf } from './completion/offered.ts'
import { printZsh } from './completion/zsh.ts'
import { verbs } from './index.ts'
import { manPages } from './man/pages.ts'
import { printPage } from './man/roff.ts'

/** Path -> text of each shell's completion. */
export const completions = (): ReadonlyMap<string, string> => {
  const offered = offeredOf(verbs)
  return new Map([
    ['/usr/share/bash-completion/completions/cvmboot', printBash(offered)],
    ['/usr/share/zsh/vendor-completions/_cvmboot', printZsh(offered)],
    ['/usr/share/fish/vendor_completions.d/cvmboot.fish', printFish(offered)],
  ])
}

/** All manual pages and completions, for an installation. */
export const helpFiles = (): ReadonlyMap<string, Carried> => {
  const pages = manPages(version.project).map(
    (page) => [`/usr/share/man/man${page.section}/${page.name}.${page.section}`, printPage(page)] as const,
  )
  return new Map(
    [...pages, ...completions()].map(([path, text]) => [path, { kind: 'file', mode: 0o644, text }] as const),
  )
}
