// All families of failures: those of a boot, and those of the verbs for people.

import { appraise } from './appraise.ts'
import { attest } from './attest.ts'
import { families as allOfBoot } from './boot-families.ts'
import { check } from './check.ts'
import { cleanup } from './cleanup.ts'
import { grant } from './grant.ts'
import { input } from './input.ts'
import { inspect } from './inspect.ts'
import { install } from './install.ts'
import { launch } from './launch.ts'
import { measure } from './measure.ts'
import { owner } from './owner.ts'
import { pack } from './pack.ts'
import { root } from './root.ts'
import { setup } from './setup.ts'
import { usage } from './usage.ts'
import { verify } from './verify.ts'

const { internal, ...ofBoot } = allOfBoot

/** The families of a boot come first, and the family of defects last. */
export const families = {
  ...ofBoot,
  verify,
  cleanup,
  check,
  usage,
  input,
  inspect,
  setup,
  root,
  pack,
  install,
  owner,
  measure,
  launch,
  appraise,
  attest,
  grant,
  internal,
} as const
