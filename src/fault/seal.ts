// Refusals of a seal in a LUKS2 header: the volume was made for another provider, another launch or newer firmware.

import { family } from './family.ts'
import { refused } from './header.ts'

export const seal = family({
  title: 'The seal in a header',
  exit: 23,
  about: 'header',
  rows: {
    'seal-provider': {
      cannot: refused,
      means: 'another provider of keys sealed the volume',
      advice: 'set its KEY to the provider that the volume was made with, or attach the right disk',
    },
    'seal-binding': {
      cannot: refused,
      means: 'the seal binds the key to something else than BIND says',
      advice: 'set its BIND to the value that the volume was made with, or attach the right disk',
    },
    'seal-pcrs': {
      cannot: refused,
      means: 'the key is sealed to other PCRs than TPM_PCRS says',
      advice: 'set TPM_PCRS to the PCRs that the volume was made with, or attach the right disk',
    },
    'seal-tcb': {
      cannot: refused,
      means: 'the firmware of this launch is older than the one that sealed the key',
      advice:
        "the platform's firmware, or the part of it that the host has committed, is older than the seal; have it updated and committed",
    },
    'seal-tcb-least': {
      cannot: refused,
      means: 'the key was sealed under older firmware than TEE_MIN_TCB allows',
      advice:
        'boot once under newer firmware with a TEE_MIN_TCB no higher than this seal, which seals it anew',
    },
    'seal-svn': {
      cannot: refused,
      means: 'the security version of this guest is lower than the one that sealed the key',
      advice: 'the image that this ID block signs is older than the seal; launch a newer one',
    },
    'seal-vmpl': {
      cannot: refused,
      means: 'the key was sealed at another VMPL',
      advice: 'launch the guest at the VMPL at which the volume was made',
    },
  },
})
