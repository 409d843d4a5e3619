// Every way cvmboot can fail: a closed union with stable codes, said in one place.
// No effect lives here. kernel-cmdline.md holds the same table; a test compares the two.

import { messageOf } from '../machine/errno.ts'

export type Row<D> = {
  readonly exit: number
  readonly say: (detail: D) => string
  /** `header`: the bytes of a volume's header are refused, which are the host's. Another copy of it may still be good. */
  readonly about?: 'header'
}
export const row = <D>(exit: number, say: (detail: D) => string): Row<D> => ({ exit, say })

type At = { readonly file: string; readonly line: number }
type Volume = { readonly volume: string }
type Reason = { readonly reason: string }

/** Exit statuses, one per family. 2 is usage, as everywhere; 200-243 belong to systemd, 124-137 to timeout. */
const status = {
  usage: 2,
  cmdline: 10,
  config: 11,
  environment: 12,
  cvm: 13,
  device: 14,
  verity: 15,
  crypt: 16,
  swap: 17,
  mount: 18,
  initramfs: 19,
  setup: 20,
  pack: 21,
  tee: 22,
  header: 23,
  owner: 24,
  tpm: 25,
  hardening: 26,
  check: 27,
  cleanup: 28,
  verify: 29,
  install: 30,
  measure: 31,
  input: 32,
  internal: 70,
} as const

/** Of AMD's firmware (include/uapi/linux/psp-sev.h), those that a request of ours can meet. */
const statusMeans = (code: number): string =>
  code === 0x16
    ? ' (INVALID_PARAM): VMPL, SVN or TCB version are beyond what this launch may ask for'
    : code === 0x27
      ? ' (INVALID_KEY): the host has no such root key'
      : ''

/** A LUKS2 header that is not taken, and what to do then. */
const header = (advice: string): Row<Volume & Reason> => ({
  exit: status.header,
  say: (d) => `cannot accept the LUKS2 header of ${d.volume}: ${d.reason}; ${advice}`,
  about: 'header',
})
const attach = 'attach the right disk, or restore this one'
/** A kernel that says something else than was asked: a new one may say it otherwise. */
const otherwise =
  'boot the kernel that the image was tested with; with that one it is a defect, please report it'
const altered = 'the disk was changed, or another tool formatted it with other options; restore it'

/** What to do with a file of os-config that does not lie over /etc. */
const unlayered = (why: 'unnamed' | 'guarded' | 'faulty', line: string | undefined): string => {
  if (why === 'guarded') return 'remove it from os-config: only root-fs may bring it'
  if (why === 'faulty') return 'remove it from os-config, or put it right'
  return line === undefined
    ? 'remove it from os-config, or name it in CONFIG_OVER_ETC: cvmboot config migrate FILE --os-config TREE writes the list'
    : `remove it from os-config, or have partition.conf say ${line}`
}

/** Code -> exit status and words. Codes are an interface: scripts match them. Add, never rename. */
export const faults = {
  usage: row(status.usage, (d: Reason) => `cannot understand the command: ${d.reason}; see cvmboot --help`),

  'cmdline-unknown': row(
    status.cmdline,
    (d: { parameter: string }) =>
      `cannot accept kernel parameter ${d.parameter}: cvmboot has none of that name; remove it or correct its spelling`,
  ),
  'cmdline-duplicate': row(
    status.cmdline,
    (d: { parameter: string }) =>
      `cannot accept kernel parameter ${d.parameter}: it is given more than once; give it once`,
  ),
  'cmdline-missing': row(
    status.cmdline,
    (d: { parameter: string }) =>
      `cannot boot without kernel parameter ${d.parameter}: add it; cvmboot setup prints it`,
  ),
  'cmdline-value': row(
    status.cmdline,
    (d: { parameter: string; value: string; expected: string }) =>
      `cannot accept kernel parameter ${d.parameter}=${d.value}: expected ${d.expected}`,
  ),
  'cmdline-conflict': row(
    status.cmdline,
    (d: { parameter: string; other: string }) =>
      `cannot accept kernel parameters ${d.parameter} and ${d.other}: they differ; give one of them`,
  ),
  'cmdline-forbidden': row(
    status.cmdline,
    (d: { parameter: string; remedy: string } & Reason) =>
      `cannot accept kernel parameter ${d.parameter}: ${d.reason}; ${d.remedy}`,
  ),
  'cmdline-too-long': row(
    status.cmdline,
    (d: { bytes: number; limit: number }) =>
      `cannot use a kernel command line of ${d.bytes} bytes: the kernel silently cuts those of more than ${d.limit}; shorten what you add to it`,
  ),

  'cmdline-file': row(
    status.cmdline,
    (d: { file: string } & Reason) =>
      `cannot read the kernel command line in ${d.file}: ${d.reason}; name the file that cvmboot setup wrote`,
  ),
  'cmdline-text': row(
    status.cmdline,
    (d: { where: string; line: number; column: number; remedy: string } & Reason) =>
      `cannot use ${d.where} as a kernel command line: line ${d.line}, column ${d.column}: ${d.reason}; ${d.remedy}`,
  ),

  'config-missing': row(
    status.config,
    (d: { file: string } & Reason) => `cannot read the configuration ${d.file}: ${d.reason}`,
  ),
  'config-syntax': row(
    status.config,
    (d: At & Reason & { remedy: string }) => `cannot read ${d.file}:${d.line}: ${d.reason}; ${d.remedy}`,
  ),
  'config-unknown': row(
    status.config,
    (d: At & { key: string }) =>
      `cannot accept ${d.file}:${d.line}: there is no key ${d.key}; remove it or correct its spelling`,
  ),
  'config-duplicate': row(
    status.config,
    (d: At & { key: string; first: number }) =>
      `cannot accept ${d.file}:${d.line}: ${d.key} is already set in line ${d.first}; set it once`,
  ),
  'config-value': row(
    status.config,
    (d: At & { key: string; value: string; expected: string }) =>
      `cannot accept ${d.file}:${d.line}: ${d.key}=${d.value}: expected ${d.expected}`,
  ),

  'config-init': row(
    status.config,
    (d: { init: string; instead: string }) =>
      `cannot have ${d.init} as the init: dracut and initramfs-tools run ${d.instead}; take INIT out of partition.conf`,
  ),

  'environment-hostile': row(
    status.environment,
    (d: { variable: string }) =>
      `cannot run with ${d.variable} in the environment: it steers Node or the loader and came from the kernel command line; remove ${d.variable}= there`,
  ),
  'environment-not-init': row(
    status.environment,
    (_: Record<never, never>) =>
      'cannot boot a running system: cvmboot boot is for an initramfs, as PID 1 or with --hook; use cvmboot plan to see what it would do',
  ),
  'cvm-absent': row(
    status.cvm,
    (_: Record<never, never>) =>
      'cannot boot outside a confidential VM: the kernel reports neither SEV-SNP nor TDX; start the VM as one (cvmboot-mock is the build for trials)',
  ),

  'initramfs-incomplete': row(
    status.initramfs,
    (d: { path: string; remedy: string } & Reason) =>
      `cannot trust this initramfs: ${d.path}: ${d.reason}; ${d.remedy}`,
  ),
  'initramfs-extra': row(
    status.initramfs,
    (d: { path: string }) =>
      `cannot trust this initramfs: ${d.path} is in it: the EFI stub took it from beside the image, and no launch measures it; remove the .cred, sysext and confext files from the EFI system partition`,
  ),
  'module-missing': row(
    status.initramfs,
    (d: { module: string } & Reason) =>
      `cannot find kernel module ${d.module}: ${d.reason}; pack the initramfs for this kernel`,
  ),
  'module-load': row(
    status.initramfs,
    (d: { module: string } & Reason) =>
      `cannot load kernel module ${d.module}: ${d.reason}; pack the initramfs for this kernel`,
  ),

  'device-missing': row(
    status.device,
    (d: Volume & { partition: string; seconds: number; seen: string }) =>
      `cannot find a partition for ${d.volume}: none with ${d.partition} within ${d.seconds} s; seen: ${d.seen}; attach the disk, or compare the root hash with roothashes.json`,
  ),
  'device-duplicate': row(
    status.device,
    (d: Volume & { partition: string; devices: string }) =>
      `cannot choose a partition for ${d.volume}: ${d.devices} all claim ${d.partition}; detach all disks but one`,
  ),
  'device-geometry': row(
    status.device,
    (d: Volume & { device: string; bytes: bigint; needed: bigint }) =>
      `cannot use ${d.device} for ${d.volume}: it has ${d.bytes} bytes, ${d.needed} are needed; write the disk again`,
  ),
  'device-foreign': row(
    status.device,
    (d: Volume & { device: string }) =>
      `cannot use ${d.device} for ${d.volume}: it is neither blank nor an ext4 file system; erase its first MiB if nothing on it is needed`,
  ),
  'device-read': row(
    status.device,
    (d: { device: string } & Reason) => `cannot read ${d.device}: ${d.reason}; check the disk behind it`,
  ),
  'device-write': row(
    status.device,
    (d: { device: string } & Reason) => `cannot write ${d.device}: ${d.reason}; check the disk behind it`,
  ),

  'verity-open': row(
    status.verity,
    (d: Volume & Reason) =>
      `cannot open ${d.volume} with dm-verity: ${d.reason}; see that the kernel has dm_verity (cvmboot check) and that nothing else uses its partitions`,
  ),
  'verity-corrupt': row(
    status.verity,
    (d: Volume & { block: bigint | string }) =>
      `cannot verify ${d.volume}: block ${d.block} does not match its root hash; the disk was changed, or the root hash belongs to another image`,
  ),
  'verity-unproven': row(
    status.verity,
    (d: Volume & Reason) =>
      `cannot trust the mapping of ${d.volume}: the kernel reports ${d.reason}; ${otherwise}`,
  ),

  'crypt-open': row(
    status.crypt,
    (d: Volume & Reason) =>
      `cannot open ${d.volume} with dm-crypt: ${d.reason}; see that the kernel has dm_crypt and its cipher (cvmboot check) and that nothing else uses the partition`,
  ),
  'crypt-unproven': row(
    status.crypt,
    (d: Volume & Reason) =>
      `cannot trust the mapping of ${d.volume}: the kernel reports ${d.reason}; ${otherwise}`,
  ),
  'integrity-superblock': row(
    status.crypt,
    (d: Volume & { device: string }) =>
      `cannot open ${d.volume} with dm-integrity: its superblock on ${d.device} is not the one that the partition's size gives; the disk was changed, or this kernel lays it out otherwise; restore it`,
  ),
  'integrity-open': row(
    status.crypt,
    (d: Volume & Reason) =>
      `cannot open ${d.volume} with dm-integrity: ${d.reason}; see that the kernel has dm_integrity (cvmboot check) and that nothing else uses the partition`,
  ),
  'integrity-unproven': row(
    status.crypt,
    (d: Volume & Reason) =>
      `cannot trust dm-integrity below ${d.volume}: the kernel reports ${d.reason}; ${otherwise}`,
  ),
  'format-failed': row(
    status.crypt,
    (d: Volume & Reason) =>
      `cannot make a file system on ${d.volume}: ${d.reason}; see that its SIZE is large enough, and that its disk can be written`,
  ),

  'tee-device': row(
    status.tee,
    (d: { device: string } & Reason) =>
      `cannot ask the TEE by ${d.device}: ${d.reason}; an error makes the kernel wipe the key of its channel to the firmware, so start the VM again; where there is no such device, boot a kernel with the driver sev-guest`,
  ),
  'tee-timeout': row(
    status.tee,
    (d: { device: string } & Reason) =>
      `cannot ask the TEE by ${d.device}: its firmware gave no answer within a minute: ${d.reason}; the host is busy, or holds requests back: start the VM again when fewer VMs start there; this launch gets no answer any more, since the kernel has wiped the key of its channel`,
  ),
  'tee-wiped': row(
    status.tee,
    (d: { device: string } & Reason) =>
      `cannot ask the TEE by ${d.device}: the kernel wiped the key of its channel to the firmware at an earlier error of this launch: ${d.reason}; find that error in the kernel's log before "Disabling VMPCK", and start the VM again`,
  ),
  'tee-status': row(
    status.tee,
    (d: { request: 'report' | 'key'; status: number }) =>
      `cannot get a ${d.request} of the TEE: its firmware answers status ${d.status}${statusMeans(d.status)}; AMD 56860 says what else it may mean`,
  ),
  'tee-report': row(
    status.tee,
    (d: Reason) =>
      `cannot trust the attestation report: ${d.reason}; have the host's firmware and cvmboot updated, or take another host`,
  ),
  'tee-vmpl': row(
    status.tee,
    (d: { vmpl: number; asked: number }) =>
      `cannot trust the attestation report: it is for VMPL ${d.vmpl}, this guest runs at VMPL ${d.asked}; take firmware that answers for this guest`,
  ),
  'tee-policy-debug': row(
    status.tee,
    (_: Record<never, never>) =>
      'cannot derive a key: the launch policy allows DEBUG, with which the host reads memory; launch with a policy without it',
  ),
  'tee-policy-migrate': row(
    status.tee,
    (_: Record<never, never>) =>
      'cannot derive a key: the launch policy allows MIGRATE_MA, with which a migration agent takes memory elsewhere; launch with a policy without it',
  ),
  'tee-id-block': row(
    status.tee,
    (_: Record<never, never>) =>
      'cannot bind a key to the ID block: the report shows no ID key; launch with a signed ID block',
  ),
  'tee-root-key': row(
    status.tee,
    (d: Reason) =>
      `cannot derive a key that lasts: ${d.reason}; have the host load a VLEK or unmask the chip key`,
  ),
  'tee-tcb-least': row(
    status.tee,
    (d: { tcb: string; least: string }) =>
      `cannot derive a key: this launch has TCB ${d.tcb}, and TEE_MIN_TCB is ${d.least}; have the platform's firmware updated`,
  ),
  'tee-tcb-committed': row(
    status.tee,
    (d: { tcb: string; committed: string; least: string }) =>
      `cannot derive a key: this launch has TCB ${d.tcb}, but the host has committed no more than ${d.committed}, and TEE_MIN_TCB is ${d.least}; have the host commit its firmware (SNP_COMMIT), then start the VM again`,
  ),
  'tee-key-zero': row(
    status.tee,
    (_: Record<never, never>) =>
      'cannot use the key of the TEE: all of it is zero, so the firmware made none; report it to who runs the host',
  ),
  'tee-none': row(
    status.tee,
    (d: Volume & { provider: string; found: string }) =>
      `cannot make a key by ${d.provider} for ${d.volume}: this is ${d.found}, and only SEV-SNP derives keys; elsewhere set its KEY to tpm2 or ephemeral`,
  ),
  'tee-stays': row(
    status.tee,
    (d: Reason) =>
      `cannot take the TEE's device away: ${d.reason}; use a kernel with sev_guest as a module, or set TEE_AFTER_BOOT=keep`,
  ),

  'tpm-none': row(
    status.tpm,
    (d: { device: string } & Reason) =>
      `cannot ask a TPM by ${d.device}: ${d.reason}; start the VM with a TPM 2.0, or set another KEY`,
  ),
  'tpm-device': row(
    status.tpm,
    (d: { device: string } & Reason) => `cannot ask the TPM by ${d.device}: ${d.reason}; start the VM again`,
  ),
  'tpm-response': row(
    status.tpm,
    (d: { command: string }) =>
      `cannot trust the TPM: its answer to TPM2_${d.command} is none that a TPM 2.0 gives; give the VM another TPM`,
  ),
  'tpm-error': row(
    status.tpm,
    (d: { command: string; answer: string }) =>
      `cannot use the TPM: it answers TPM2_${d.command} with ${d.answer}; see TPM_RC in part 2 of the TPM 2.0 Library`,
  ),
  'tpm-srk': row(
    status.tpm,
    (d: { found: string; pinned: string }) =>
      `cannot unseal by this TPM: its storage key is ${d.found}, expected ${d.pinned}; attach the VM's own TPM, or correct TPM_SRK`,
  ),
  'tpm-session': row(
    status.tpm,
    (d: Reason) =>
      `cannot trust the TPM: ${d.reason}; something answers in place of the TPM or on the way to it`,
  ),
  'tpm-pcrs': row(
    status.tpm,
    (d: Reason) =>
      `cannot use the TPM's PCRs: ${d.reason}; start the firmware, kernel, initramfs and command line that the volume was made with`,
  ),
  'tpm-blob': row(
    status.tpm,
    (d: Reason) =>
      `cannot unseal what the header holds: ${d.reason}; the disk was changed, or another TPM made it`,
  ),
  'tpm-extend': row(
    status.tpm,
    (d: { pcr: number } & Reason) =>
      `cannot close the TPM to what comes after the boot: PCR ${d.pcr}: ${d.reason}; give the VM another TPM`,
  ),
  'header-blank': header('attach the right disk, or allow the volume to be formatted'),
  'header-foreign': header('attach the right disk, or erase its first MiB if nothing on it is needed'),
  'header-version': header(altered),
  'header-size': header(altered),
  'header-checksum': header(attach),
  'header-copies': header(attach),
  'header-binary': header(altered),
  'header-label': header(altered),
  'header-uuid': header(altered),
  'header-json': header(altered),
  'header-keyslot': header(altered),
  'header-keyslot-cipher': header(altered),
  'header-area': header(altered),
  'header-kdf': header(altered),
  'header-af': header(altered),
  'header-digest': header(altered),
  'header-segment': header(altered),
  'header-cipher': header(altered),
  'header-integrity': header(
    'the disk was changed, or the configuration asks for the other profile; restore it',
  ),
  'header-token': header(altered),
  'header-flags': header(altered),
  'header-requirements': header(altered),
  'header-generation': header('an older state of the disk was put back; attach its newest'),
  'header-extent': header('give its partition the size that it was made with, or attach the right disk'),
  'header-owner': header('set JOBSTORE_OWNER to whom it was made for, or attach the right disk'),
  'header-mac': header('another volume, another launch or another hand made it; attach the right disk'),
  'header-key': header('another launch made it; attach the right disk, or have the owner open it'),
  'seal-provider': header('set its KEY to what it was made with, or attach the right disk'),
  'seal-binding': header('set its BIND to what it was made with, or attach the right disk'),
  'seal-pcrs': header('set TPM_PCRS to what it was made with, or attach the right disk'),
  'seal-tcb': header(
    "the platform's firmware, or the part of it that the host has committed, is older than the seal; have it updated and committed",
  ),
  'seal-tcb-least': header(
    'boot once under newer firmware with a TEE_MIN_TCB no higher than this seal, which seals it anew',
  ),
  'seal-svn': header('the image that this ID block signs is older than the seal; launch a newer one'),
  'seal-vmpl': header('launch the guest at the VMPL that it was made at'),
  'provision-exists': row(
    status.header,
    (d: Volume) =>
      `cannot provision ${d.volume}: it opens, and may hold data; boot without cvmboot.provision`,
  ),

  'owner-key': row(
    status.owner,
    (d: Reason) => `cannot wrap a passphrase for the owner: ${d.reason}; correct JOBSTORE_OWNER`,
  ),
  'owner-identity': row(
    status.owner,
    (d: { path: string } & Reason) =>
      `cannot use the identity ${d.path}: ${d.reason}; give the file that cvmboot owner keygen wrote, or an RSA private key in PEM without a passphrase`,
  ),
  'owner-token': row(
    status.owner,
    (d: Volume & Reason) =>
      `cannot unwrap the passphrase of ${d.volume}: ${d.reason}; give the identity that JOBSTORE_OWNER named, and the disk as the VM left it`,
  ),
  'owner-volume': row(
    status.owner,
    (d: Volume & { path: string } & Reason) =>
      `cannot take ${d.volume} from ${d.path}: ${d.reason}; name the right disk, its partition, or another volume with --volume`,
  ),
  'owner-terminal': row(
    status.owner,
    (_: Record<never, never>) =>
      'cannot write a passphrase to a terminal: send it through a pipe to cryptsetup open --key-file -',
  ),
  'owner-image': row(
    status.owner,
    (d: Volume) =>
      `cannot write the content of ${d.volume}: its sectors have tags of dm-integrity, which only the kernel reads; leave --image out and send the passphrase to cryptsetup open --key-file -`,
  ),
  'owner-write': row(
    status.owner,
    (d: { path: string } & Reason) =>
      `cannot write the identity ${d.path}: ${d.reason}; name a new file with --output, none is ever overwritten`,
  ),

  'swap-active': row(
    status.swap,
    (d: { device: string }) =>
      `cannot boot with swap on ${d.device}: swap writes memory where the host can read and replay it; remove it`,
  ),
  'swap-present': row(
    status.swap,
    (d: { device: string }) =>
      `cannot boot with swap space available on ${d.device}: swap writes memory where the host can read and replay it; remove it`,
  ),

  'mount-failed': row(
    status.mount,
    (d: { target: string } & Reason) =>
      `cannot mount ${d.target}: ${d.reason}; see that the kernel has its file system (cvmboot check), and that what lies there is whole`,
  ),
  'mount-point-missing': row(
    status.mount,
    (d: { target: string } & Volume) =>
      `cannot mount on ${d.target}: ${d.volume} has no such directory; make it in the image`,
  ),
  'mount-unproven': row(
    status.mount,
    (d: { target: string } & Reason) =>
      `cannot trust the mount on ${d.target}: the kernel reports ${d.reason}; ${otherwise}`,
  ),
  'directory-foreign': row(
    status.mount,
    (d: { name: string } & Reason) =>
      `cannot use ${d.name} on workspace for a directory of the root: ${d.reason}; remove it from the volume, or boot with WORKSPACE_DIRECTORIES without that path`,
  ),
  'directory-bind': row(
    status.mount,
    (d: { path: string } & Reason) =>
      `cannot put ${d.path} on workspace: ${d.reason}; give workspace more room, or take the path from WORKSPACE_DIRECTORIES`,
  ),
  'file-system-unknown': row(
    status.mount,
    (d: Volume) =>
      `cannot mount ${d.volume}: its verified content is no erofs, squashfs or ext4; build the image again`,
  ),
  'config-shadows': row(
    status.mount,
    (d: { path: string; why: 'unnamed' | 'guarded' | 'faulty'; line: string | undefined } & Reason) =>
      `cannot lay os-config over /etc: its etc/${d.path} must not be there: ${d.reason}; ${unlayered(d.why, d.line)}`,
  ),
  'machine-id-place': row(
    status.mount,
    (d: { path: string }) =>
      `cannot give this VM a machine ID: root-fs has no file ${d.path}, or a link in its place; put an empty file there, or set MACHINE_ID=keep`,
  ),
  'init-missing': row(
    status.mount,
    (d: { init: string }) =>
      `cannot hand over to ${d.init}: root-fs has no such executable; set INIT in partition.conf`,
  ),
  'state-write': row(
    status.mount,
    (d: { path: string } & Reason) => `cannot write ${d.path}: ${d.reason}; give the VM more memory`,
  ),

  'swap-unmasked': row(
    status.swap,
    (d: { unit: string }) =>
      `cannot forbid swap to the new root: ${d.unit} is not there once written; this is a defect in cvmboot, please report it`,
  ),
  'door-unmasked': row(
    status.hardening,
    (d: { path: string }) =>
      `cannot keep the host from starting something in the new root: ${d.path} is no mask once written; this is a defect in cvmboot, please report it`,
  ),
  'harden-unproven': row(
    status.hardening,
    (d: { setting: string; remedy: string } & Reason) =>
      `cannot trust that ${d.setting} is set: ${d.reason}; ${d.remedy}`,
  ),

  'cleanup-busy': row(
    status.cleanup,
    (d: { pid: number; name: string; path: string }) =>
      `cannot clean up while process ${d.pid} (${d.name}) uses ${d.path}: end it first`,
  ),
  'cleanup-failed': row(
    status.cleanup,
    (d: { step: string } & Reason) =>
      `cannot ${d.step}: ${d.reason}; what was done stays done, and cleaning up again goes on from here`,
  ),
  'cleanup-keys': row(
    status.cleanup,
    (d: { key: string }) => `cannot say that no key is left: the kernel still has ${d.key}; power the VM off`,
  ),

  'tool-missing': row(
    status.setup,
    (d: { tool: string; package: string }) =>
      `cannot run ${d.tool}: it is not installed; apt-get install ${d.package}`,
  ),
  'tool-failed': row(
    status.setup,
    (d: { tool: string } & Reason) => `cannot go on: ${d.tool} failed: ${d.reason}`,
  ),
  'source-missing': row(
    status.setup,
    (d: Volume & { path: string } & Reason) => `cannot use ${d.path} for ${d.volume}: ${d.reason}`,
  ),
  'source-mount-point': row(
    status.setup,
    (d: Volume & { path: string; directory: string }) =>
      `cannot use the image ${d.path} for ${d.volume}: it has no directory ${d.directory}, which the boot mounts on; make it in the image or pass a tree`,
  ),
  'source-too-large': row(
    status.setup,
    (d: Volume & { bytes: bigint; limit: bigint }) =>
      `cannot fit ${d.volume}: its image has ${d.bytes} bytes, partition.conf allows ${d.limit}; raise its SIZE or make the tree smaller`,
  ),
  'root-container': row(
    status.setup,
    (d: { path: string; found: string }) =>
      `cannot make root-fs of ${d.path}: it is ${d.found}, not a root file system: its layers are packed in it; unpack them into one tree (podman create and podman export, or skopeo copy and umoci unpack), and pass that tree`,
  ),
  'root-empty': row(
    status.setup,
    (d: { path: string }) =>
      `cannot make root-fs of ${d.path}: nothing is in it; pass a root file system, as mmdebstrap or podman export makes one`,
  ),
  'root-below': row(
    status.setup,
    (d: { path: string; init: string; below: string }) =>
      `cannot make root-fs of ${d.path}: it has no ${d.init}, and its directory ${d.below} looks like a root file system; pass that directory`,
  ),
  'root-init-missing': row(
    status.setup,
    (d: { path: string; init: string }) =>
      `cannot boot from ${d.path}: it has no ${d.init}; install an init in it (systemd-sysv in Debian), or set INIT in partition.conf`,
  ),
  'root-init-link': row(
    status.setup,
    (d: { path: string; link: string; target: string } & Reason) =>
      `cannot boot from ${d.path}: its ${d.link} is a link to ${d.target}: ${d.reason}; correct the link (in the VM it leads inside this root only), or set INIT in partition.conf`,
  ),
  'root-init-mode': row(
    status.setup,
    (d: { path: string; init: string; mode: string }) =>
      `cannot boot from ${d.path}: its ${d.init} has mode ${d.mode}, so that nobody can run it; chmod 755 it, or set INIT in partition.conf`,
  ),
  'root-init-format': row(
    status.setup,
    (d: { path: string; init: string } & Reason) =>
      `cannot boot from ${d.path}: the kernel does not run its ${d.init}: ${d.reason}; install an init for x86-64, or set INIT in partition.conf`,
  ),
  'root-init-needs': row(
    status.setup,
    (d: { path: string; init: string; needs: string } & Reason) =>
      `cannot boot from ${d.path}: its ${d.init} needs ${d.needs}: ${d.reason}; install what is missing in that root, or set INIT in partition.conf`,
  ),
  'root-machine-id': row(
    status.setup,
    (d: { path: string } & Reason) =>
      `cannot make root-fs of ${d.path}: the boot mounts an ID of each VM's own on /etc/machine-id, and ${d.reason}; make /etc/machine-id an empty file in it`,
  ),
  'format-convert': row(
    status.check,
    (d: { path: string; name: string; advice: string }) =>
      `cannot use ${d.path} as it is: it is ${d.name}; ${d.advice}`,
  ),
  'format-foreign': row(
    status.check,
    (d: { path: string; name: string; advice: string }) =>
      `cannot use ${d.path}: it is ${d.name}; ${d.advice}`,
  ),
  'uki-unusable': row(
    status.pack,
    (d: { path: string } & Reason) =>
      `cannot boot ${d.path}: ${d.reason}; make a unified kernel image with cvmboot pack --uki`,
  ),
  'target-busy': row(
    status.setup,
    (d: { target: string } & Reason) => `cannot write ${d.target}: ${d.reason}; detach it first`,
  ),
  'target-too-small': row(
    status.setup,
    (d: { target: string; bytes: bigint; needed: bigint }) =>
      `cannot fit the layout on ${d.target}: it has ${d.bytes} bytes, ${d.needed} are needed; give a larger one, or lower a SIZE in partition.conf`,
  ),
  'target-not-empty': row(
    status.setup,
    (d: { target: string; found: string }) =>
      `cannot overwrite ${d.target}: it holds ${d.found}; pass --force if it may be lost`,
  ),
  'target-write': row(
    status.setup,
    (d: { target: string } & Reason) => `cannot write ${d.target}: ${d.reason}`,
  ),
  'gpt-invalid': row(status.setup, (d: Reason) => `cannot read the partition table: ${d.reason}`),

  'pack-input': row(status.pack, (d: { path: string } & Reason) => `cannot pack ${d.path}: ${d.reason}`),
  'pack-write': row(status.pack, (d: { path: string } & Reason) => `cannot write ${d.path}: ${d.reason}`),
  'pack-uki': row(
    status.pack,
    (d: { tool: string } & Reason) =>
      `cannot use the unified kernel image that ${d.tool} made: ${d.reason}; pass another --tool or --stub`,
  ),

  'state-read': row(
    status.check,
    (d: { path: string; also: string } & Reason) =>
      `cannot read ${d.path}: ${d.reason}; run this, as root, in a VM that cvmboot booted${d.also}`,
  ),
  'kernel-old': row(
    status.check,
    (d: { found: string }) =>
      `cannot boot with Linux ${d.found}: 6.1 or later is needed; boot a newer kernel`,
  ),
  'kernel-feature': row(
    status.check,
    (d: { feature: string; option: string }) =>
      `cannot boot with a kernel without ${d.feature}: boot one with ${d.option}`,
  ),
  'memory-small': row(
    status.check,
    (d: { found: string; needed: string; purpose: string; keys: string }) =>
      `cannot do with ${d.found} of memory: ${d.needed} are needed for ${d.purpose}; give the VM more, or lower ${d.keys}`,
  ),
  'disk-missing': row(
    status.check,
    (d: { disk: string }) =>
      `cannot find ${d.disk}: there is no such disk, or it is empty; attach it, or name it with --disk`,
  ),
  'disk-small': row(
    status.check,
    (d: { device: string; found: string; needed: string; purpose: string; keys: string }) =>
      `cannot do with ${d.found} on ${d.device}: ${d.needed} are needed for ${d.purpose}; attach a larger disk, or lower ${d.keys}`,
  ),
  'mount-point-busy': row(
    status.check,
    (d: Volume & { target: string; found: string }) =>
      `cannot mount ${d.volume} on ${d.target}: ${d.found} is mounted there already; unmount it, or set another path in partition.conf`,
  ),

  'verify-mapping': row(
    status.verify,
    (d: Volume & Reason) =>
      `cannot trust ${d.volume} any more: its mapping ${d.reason}; find out who changed it, and start the VM again`,
  ),
  'verify-mount': row(
    status.verify,
    (d: { target: string } & Reason) =>
      `cannot trust ${d.target} any more: ${d.reason}; find out who changed it, and start the VM again`,
  ),
  'verify-unplanned': row(
    status.verify,
    (d: { target: string; found: string }) =>
      `cannot trust ${d.target}: ${d.found} is mounted over what is verified, and nothing measured asks for it; unmount it, and find out who mounted it`,
  ),
  'verify-shared': row(
    status.verify,
    (d: { device: string; found: string }) =>
      `cannot trust ${d.device}: ${d.found} lies on it beside ours, a way around verification and encryption; remove it, and find out who made it`,
  ),
  'verify-swap': row(
    status.verify,
    (d: { device: string }) =>
      `cannot keep memory from the host: swap is in use on ${d.device}, and it can read and play it back; swapoff it, and treat what was in memory as known`,
  ),
  'verify-setting': row(
    status.verify,
    (d: { setting: string; value: string; now: string }) =>
      `cannot trust that ${d.setting} is ${d.value} as the boot set it: it is ${d.now}; find out who changed it, and start the VM again`,
  ),
  'verify-header': row(
    status.verify,
    (d: Volume & Reason) =>
      `cannot trust the header of ${d.volume}: ${d.reason}; keep the VM running until its data is copied out: the next boot may not open it`,
  ),
  'verify-tee': row(
    status.verify,
    (_: Record<never, never>) =>
      'cannot trust that keys stay in the boot: /dev/sev-guest is back, and with it root derives the keys of this launch; rmmod sev_guest, and find out who loaded it',
  ),
  'verify-tee-wiped': row(
    status.verify,
    (_: Record<never, never>) =>
      'cannot get evidence of this VM any more: the kernel has wiped the key of its channel to the TEE\'s firmware at an error, so that no program gets a report or a key of this launch; find the error in the kernel\'s log before "Disabling VMPCK", and start the VM again',
  ),
  'mitigations-off': row(
    status.verify,
    (d: { words: string; names: string }) =>
      `cannot keep jobs from each other's memory: ${d.words} on the kernel command line switches off what the kernel does about ${d.names}; remove it from the command line`,
  ),
  'verify-read': row(
    status.verify,
    (d: Volume & { at: number } & Reason) =>
      `cannot read all of ${d.volume}: at byte ${d.at}: ${d.reason}; the disk was changed or has failed; attach the right one`,
  ),
  'install-generator': row(
    status.install,
    (d: { root: string }) =>
      `cannot install into ${d.root}: it has neither dracut nor initramfs-tools; install one of them first, or pass --generator none where cvmboot pack makes the initramfs`,
  ),
  'install-root': row(
    status.install,
    (d: { root: string } & Reason) =>
      `cannot install into ${d.root}: ${d.reason}; name the directory of a root file system with --root`,
  ),
  'install-library': row(
    status.install,
    (d: { root: string; library: string; found: string; program: string; needed: string }) =>
      `cannot install into ${d.root}: its ${d.library} has ${d.found}, and ${d.program} needs ${d.needed}; take a newer root`,
  ),
  'install-owned': row(
    status.install,
    (d: { path: string; package: string }) =>
      `cannot touch ${d.path}: it belongs to the package ${d.package}; use apt`,
  ),
  'install-exists': row(
    status.install,
    (d: { path: string } & Reason) => `cannot install ${d.path}: ${d.reason}; move it away`,
  ),
  'install-mock': row(status.install, (d: Reason) => `cannot install the mock: ${d.reason}`),
  'install-absent': row(
    status.install,
    (d: { root: string }) => `cannot uninstall from ${d.root}: nothing there was put by cvmboot install`,
  ),
  'install-record': row(
    status.install,
    (d: { path: string }) =>
      `cannot read ${d.path}: it is not whole; remove it, and by hand what cvmboot install put there`,
  ),
  'install-write': row(
    status.install,
    (d: { path: string } & Reason) => `cannot change ${d.path}: ${d.reason}`,
  ),

  'measure-firmware': row(
    status.measure,
    (d: Reason) => `cannot measure this firmware: ${d.reason}; give the file that the VM is started with`,
  ),
  'measure-cpu': row(
    status.measure,
    (d: { type: string; known: string }) =>
      `cannot measure a processor of type ${d.type}: it is none of ${d.known}`,
  ),
  'measure-range': row(
    status.measure,
    (d: { option: string; found: string; expected: string }) =>
      `cannot measure with ${d.option} ${d.found}: it takes ${d.expected}`,
  ),
  'measure-key': row(
    status.measure,
    (d: Reason) =>
      `cannot sign an ID block with this key: ${d.reason}; make one with openssl ecparam -name secp384r1 -genkey`,
  ),
  'input-too-large': row(
    status.input,
    (d: { path: string; of: string; most: number; unit: string }) =>
      `cannot read all of ${d.path}: ${d.of} at most ${d.most} ${d.unit}, and this limit is exceeded; give the right file`,
  ),

  internal: row(
    status.internal,
    (d: Reason) => `cannot go on: unexpected: ${d.reason}; this is a defect in cvmboot, please report it`,
  ),
} as const

export type FaultCode = keyof typeof faults
export type FaultDetail<C extends FaultCode> = Parameters<(typeof faults)[C]['say']>[0]
/** A failure as data: its code and what the words need. Never a secret: what is said reaches the host. */
export type Fault = { [C in FaultCode]: { readonly code: C } & FaultDetail<C> }[FaultCode]

/** The one error class. Anything else that is thrown is `internal`. */
export class BootFault extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(say(fault))
    this.name = 'BootFault'
    this.fault = fault
  }
}

/** Makes the error to throw: `throw fail('cmdline-missing', { parameter })`. */
export const fail = <C extends FaultCode>(code: C, detail: FaultDetail<C>): BootFault =>
  new BootFault({ code, ...detail } as unknown as Fault)

/** Rows of faults that are not in the table: see `familyOf`. */
const others = new WeakMap<Fault, Row<never>>()
const rowOf = (fault: Fault): Row<never> => others.get(fault) ?? faults[fault.code]

/** The `fail` of a family that is not in the table: a key provider outside this tree brings the rows of its own faults. */
export const familyOf =
  <D extends Readonly<Record<string, object>>>(rows: { readonly [C in keyof D]: Row<D[C]> }) =>
  <C extends keyof D & string>(code: C, detail: D[C]): BootFault => {
    const fault = { code, ...detail } as unknown as Fault
    others.set(fault, rows[code])
    return new BootFault(fault)
  }

/** Whatever was thrown, as a fault. */
export const faultOf = (thrown: unknown): Fault =>
  thrown instanceof BootFault ? thrown.fault : { code: 'internal', reason: messageOf(thrown) }

/** `<code>: cannot …`, printable ASCII only: names may come from a hostile disk and go to a terminal. */
export const say = (fault: Fault): string => {
  const words = rowOf(fault).say as (detail: Fault) => string
  return printable(`${fault.code}: ${words(fault)}`)
}

/** Exit status of a fault, as kernel-cmdline.md lists it. */
export const exitStatus = (fault: Fault): number => rowOf(fault).exit

/** Whether a refusal is about the bytes of a header, so that another copy of the header may still be good. */
export const isAboutHeader = (fault: Fault): boolean => rowOf(fault).about === 'header'

/** Replaces everything that is not printable ASCII by \u{hex}. */
export const printable = (text: string): string =>
  text.replace(/[^\x20-\x7e]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
