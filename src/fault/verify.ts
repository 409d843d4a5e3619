// Findings of cvmboot verify: the running system is no longer the one that the boot made.

import { family, type Reason, type Volume } from './family.ts'

export const verify = family({
  title: 'cvmboot verify: what runs is no longer what booted',
  exit: 29,
  advice: 'find out who changed it, and start the VM again',
  rows: {
    'verify-mapping': {
      cannot: (d: Volume & Reason) => `trust ${d.volume} any more: its mapping ${d.reason}`,
    },
    'verify-site': {
      cannot: (d: Reason) => `trust the site of this VM any more: ${d.reason}`,
    },
    'verify-mount': {
      cannot: (d: { target: string } & Reason) => `trust ${d.target} any more: ${d.reason}`,
    },
    'verify-unplanned': {
      cannot: (d: { target: string; found: string }) =>
        `trust ${d.target}: ${d.found} is mounted over what is verified, and nothing measured asks for it`,
      advice: 'unmount it, and find out who mounted it',
    },
    'verify-shared': {
      cannot: (d: { device: string; found: string }) =>
        `trust ${d.device}: ${d.found} lies on it beside the mapping of the boot, which is a way around verification and encryption`,
      advice: 'remove it, and find out who made it',
    },
    'verify-swap': {
      cannot: (d: { device: string }) =>
        `keep memory from the host: swap is in use on ${d.device}, and the host can read swap and play it back`,
      advice: 'swapoff it, and treat everything that was in memory as known to the host',
    },
    'verify-setting': {
      cannot: (d: { setting: string; value: string; now: string }) =>
        `trust that ${d.setting} is ${d.value} as the boot set it: it is ${d.now}`,
    },
    'verify-header': {
      cannot: (d: Volume & Reason) => `trust the header of ${d.volume}: ${d.reason}`,
      advice: 'keep the VM running until its data is copied out: the next boot may not open it',
    },
    'verify-evidence': {
      cannot: (d: Reason) => `trust the evidence of this boot: of /run/cvmboot/evidence.json, ${d.reason}`,
    },
    'verify-measurement': {
      cannot: (d: { found: string; words: string }) =>
        `trust this launch: the TEE reports the measurement ${d.found}, and the manifest does not predict that value (${d.words})`,
      advice:
        'give the manifest of this image, firmware and number of processors, or do not trust this machine',
    },
    'verify-no-measurement': {
      cannot: (d: Reason) => `compare the launch with a manifest: ${d.reason}`,
      advice: 'set TEE_EVIDENCE=auto in partition.conf, and boot on a machine with SEV-SNP or TDX',
    },
    'verify-tee': {
      cannot: () =>
        'trust that keys stay in the boot: /dev/sev-guest is back, and with it root derives the keys of this launch',
      advice: 'rmmod sev_guest, and find out who loaded it',
    },
    'verify-tee-vmpck': {
      cannot: (d: Reason) =>
        `trust that the TEE only reports for VMPL 1 and above, as the boot left it: ${d.reason}`,
      advice: "find out who loaded the driver again; the boot's evidence at VMPL 0 stays what it was",
    },
    'verify-tee-wiped': {
      cannot: () =>
        "get evidence of this VM any more: the kernel has wiped the key of its channel to the TEE's firmware at an error, so that no program gets a report or a key of this launch",
      advice: `find the error in the kernel's log before "Disabling VMPCK", and start the VM again`,
    },
    'mitigations-off': {
      cannot: (d: { words: string; names: string }) =>
        `keep jobs from each other's memory: ${d.words} on the kernel command line switches off what the kernel does about ${d.names}`,
      advice: 'remove it from the command line',
    },
    'verify-read': {
      cannot: (d: Volume & { at: number } & Reason) =>
        `read all of ${d.volume}: at byte ${d.at}: ${d.reason}`,
      advice: 'the disk was changed or has failed; attach the right one',
    },
  },
})
