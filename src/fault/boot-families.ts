// The families of failures that a boot can meet. families.ts joins the families of the verbs for people to them; the script of
// a boot has this file in the place of families.ts, so that a boot carries no words of failures that it cannot have.

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
import { seal } from './seal.ts'
import { swap } from './swap.ts'
import { tee } from './tee.ts'
import { tool } from './tool.ts'
import { tpm } from './tpm.ts'
import { verity } from './verity.ts'

/** In the order of a boot. */
export const families = {
  cmdline,
  config,
  environment,
  cvm,
  initramfs,
  device,
  partitionTable,
  verity,
  crypt,
  tee,
  tpm,
  header,
  seal,
  provision,
  ownerKeyslot,
  mount,
  swap,
  hardening,
  tool,
  internal,
} as const
