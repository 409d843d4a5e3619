// The site of a boot, which read-site sets and later steps use.

import { fail } from '../../fault/index.ts'
import type { Site } from '../../layout/site.ts'
import type { Boot } from '../step.ts'

/** Fault: `site-none`; no plan has a step that asks for the site before read-site. */
export const siteOf = ({ site }: Boot): Site => {
  if (site === undefined) throw fail('site-none', {})
  return site
}
