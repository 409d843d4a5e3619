// Failures of the TEE: of its device, its reports and its keys.

import { family, type Reason, type Volume } from './family.ts'

/** The statuses of AMD's firmware (include/uapi/linux/psp-sev.h) that a request of cvmboot can meet, in words. */
const statusMeans = (code: number): string =>
  code === 0x16
    ? ' (INVALID_PARAM): VMPL, SVN or TCB version are beyond what this launch may ask for'
    : code === 0x27
      ? ' (INVALID_KEY): the host has no such root key'
      : ''

export const tee = family({
  title: 'The TEE',
  exit: 22,
  rows: {
    'tee-device': {
      cannot: (d: { device: string } & Reason) => `ask the TEE by ${d.device}: ${d.reason}`,
      advice:
        'an error makes the kernel wipe the key of its channel to the firmware, so start the VM again; where there is no such device, boot a kernel with the driver sev-guest',
    },
    'tee-timeout': {
      cannot: (d: { device: string } & Reason) =>
        `ask the TEE by ${d.device}: its firmware gave no answer within a minute: ${d.reason}`,
      advice:
        'the host is busy, or holds requests back: start the VM again when fewer VMs start there; this launch gets no answer any more, since the kernel has wiped the key of its channel',
    },
    'tee-wiped': {
      cannot: (d: { device: string } & Reason) =>
        `ask the TEE by ${d.device}: the kernel wiped the key of its channel to the firmware at an earlier error of this launch: ${d.reason}`,
      advice: `find that error in the kernel's log before "Disabling VMPCK", and start the VM again`,
    },
    'tee-status': {
      cannot: (d: { request: 'report' | 'key'; status: number }) =>
        `get a ${d.request} of the TEE: its firmware answers status ${d.status}${statusMeans(d.status)}`,
      advice: 'AMD 56860 says what else it may mean',
    },
    'tee-report': {
      cannot: (d: Reason) => `trust the attestation report: ${d.reason}`,
      advice: "have the host's firmware and cvmboot updated, or take another host",
    },
    'tee-vmpl': {
      cannot: (d: { vmpl: number; asked: number }) =>
        `trust the attestation report: it is for VMPL ${d.vmpl}, this guest runs at VMPL ${d.asked}`,
      advice: 'take firmware that answers for this guest',
    },
    'tee-policy-debug': {
      cannot: () => 'derive a key: the launch policy allows DEBUG, with which the host reads memory',
      advice: 'launch with a policy without it',
    },
    'tee-policy-migrate': {
      cannot: () =>
        'derive a key: the launch policy allows MIGRATE_MA, with which a migration agent takes memory elsewhere',
      advice: 'launch with a policy without it',
    },
    'tee-id-block': {
      cannot: () => 'bind a key to the ID block: the report shows no ID key',
      advice: 'launch with a signed ID block',
    },
    'tee-root-key': {
      cannot: (d: Reason) => `derive a key that lasts: ${d.reason}`,
      advice: 'have the host load a VLEK or unmask the chip key',
    },
    'tee-tcb-least': {
      cannot: (d: { tcb: string; least: string }) =>
        `derive a key: this launch has TCB ${d.tcb}, and TEE_MIN_TCB is ${d.least}`,
      advice: "have the platform's firmware updated",
    },
    'tee-tcb-committed': {
      cannot: (d: { tcb: string; committed: string; least: string }) =>
        `derive a key: this launch has TCB ${d.tcb}, but the host has committed no more than ${d.committed}, and TEE_MIN_TCB is ${d.least}`,
      advice: 'have the host commit its firmware (SNP_COMMIT), then start the VM again',
    },
    'tee-key-zero': {
      cannot: () => 'use the key of the TEE: all of it is zero, so the firmware made none',
      advice: 'report it to the operator of the host',
    },
    'tee-none': {
      cannot: (d: Volume & { provider: string; found: string }) =>
        `make a key by ${d.provider} for ${d.volume}: this is ${d.found}, and only SEV-SNP derives keys`,
      advice: 'elsewhere set its KEY to tpm2 or ephemeral',
    },
    'tee-no-evidence': {
      cannot: () => 'make evidence of this boot: this machine has no device that gives a report of the TEE',
      advice: 'boot a kernel with the driver of the TEE, or set TEE_EVIDENCE=auto',
    },
    'tee-rtmr': {
      cannot: (d: Reason) => `extend RTMR 3 of this TD with the statement of the boot: ${d.reason}`,
      advice: 'boot an image in which no other program extends RTMR 3, or set TEE_EVIDENCE=none',
    },
    'tee-built-in': {
      cannot: () =>
        'leave a TEE that asks at VMPL 1 alone: the driver sev_guest is built into the kernel, so it cannot start again with another VMPCK',
      advice: 'use a kernel with sev_guest as a module, or set TEE_AFTER_BOOT=keep',
    },
    'tee-no-vmpck-id': {
      cannot: () =>
        'leave a TEE that asks at VMPL 1 alone: the driver sev_guest of this kernel has no parameter vmpck_id',
      advice: 'use a kernel whose sev_guest has the parameter, or set TEE_AFTER_BOOT=remove',
    },
    'tee-above-vmpl': {
      cannot: (d: { vmpl: number }) =>
        `leave a TEE that asks at VMPL 1 alone: this kernel runs at VMPL ${d.vmpl}, and VMPL 0 belongs to the program below the kernel`,
      advice: 'set TEE_AFTER_BOOT=remove or keep on such a machine',
    },
    'tee-vmpck-stays': {
      cannot: (d: Reason) => `take VMPCK 0, the key of VMPL 0, from the kernel: ${d.reason}`,
      advice: 'set TEE_AFTER_BOOT=remove, and report it with the version of kernel and firmware',
    },
    'tee-vmpck-none': {
      cannot: () => 'start the driver of the TEE with VMPCK 1: the driver refuses that key',
      advice: "set TEE_AFTER_BOOT=remove; the kernel's log says what the driver found",
    },
    'tee-stays': {
      cannot: (d: Reason) => `take the TEE's device away: ${d.reason}`,
      advice: 'use a kernel with sev_guest as a module, or set TEE_AFTER_BOOT=keep',
    },
  },
})
