// The families of failures that a boot can meet. families.ts adds the families of the verbs for people. The build puts this file
// in the place of families.ts in the script of a boot, so that a boot carries no messages of failures that it cannot have.

import { cmdline } from './cmdline.ts'
import { config } from './config.ts'
import { crypt } from './crypt.ts'
import { cvm } from './cvm.ts'
import { device } from './device.ts'
import { environment } from './environment.ts'
import { hardening } from './hardening.ts'
import { header } from './header.ts'
import { initramfs } from './initramfs.ts'
import { internal } from './internal.ts'
import { mount } from './mount.ts'
import { ownerKeyslot } from './owner-keyslot.ts'
import { partitionTable } from './partition-table.ts'
import { provision } from './provision.ts'
import { release } from './release.ts'
import { seal } from './seal.ts'
import { site } from './site.ts'
import { swap } from './swap.ts'
import { tee } from './tee.ts'
import { tool } from './tool.ts'
import { tpm } from './tpm.ts'
import { verity } from './verity.ts'

/** The families in the order of a boot. */
export const families = {
  cmdline,
  config,
  environment,
  cvm,
  initramfs,
  device,
  partitionTable,
  site,
  verity,
  crypt,
  tee,
  tpm,
  header,
  seal,
  release,
  provision,
  ownerKeyslot,
  mount,
  swap,
  hardening,
  tool,
  internal,
} as const
