// The specification of each value in a manifest, and the values that no manifest predicts. Pure.

/** By the value's place in the manifest. */
export const sources = {
  snp: 'SEV-SNP Firmware ABI (AMD 56860), section 8.17, SNP_LAUNCH_UPDATE; pages as target/i386/sev.c of QEMU adds them',
  kernelHashes: 'target/i386/sev.c of QEMU, PaddedSevHashTable (kernel-hashes=on)',
  vmsa: "AMD64 Architecture Programmer's Manual volume 2 (24593), table B-4; reset values of QEMU and KVM",
  idBlock: 'SEV-SNP Firmware ABI (AMD 56860), section 8.18, SNP_LAUNCH_FINISH, and chapter 10',
  launchPolicy: 'SEV-SNP Firmware ABI (AMD 56860), section 4.3, Guest Policy',
  mrtd: 'Intel TDX Module Base Architecture Specification, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND; TDVF Design Guide, section 11',
  rtmr1: 'UEFI 2.10, section 38.4.1; TCG PC Client Platform Firmware Profile, section 3.3.4, PCR 2 to 6',
  rtmr2: 'UEFI 2.10, section 38.4.1; efi_measure_tagged_event of Linux; systemd-stub(7)',
  pcr4: 'TCG PC Client Platform Firmware Profile, section 3.3.4.5; Windows Authenticode PE Signature Format',
  pcr7: 'TCG PC Client Platform Firmware Profile, section 3.3.4.8',
  pcr9: 'efi_measure_tagged_event of Linux; src/boot/cpio.c of systemd',
  pcr11: 'systemd-stub(7), systemd-measure(1), systemd-pcrphase.service(8)',
  pcr12: 'systemd-stub(7)',
  planDigest:
    'SHA-256 of what cvmboot plan prints for the command line and the partition.conf in the initramfs',
} as const

export type Unpredicted = { readonly value: string; readonly why: string }

/** The same for every image. */
export const neverPredicted: readonly Unpredicted[] = [
  {
    value: 'rtmr0',
    why: 'it depends on the TD HOB (memory and processors), the variables in the firmware, Secure Boot, the ACPI tables and the boot order that the host chooses; replay an event log with --event-log',
  },
  { value: 'rtmr3', why: 'the guest extends it itself, and nothing else does' },
  { value: 'pcr0', why: "it depends on the firmware alone: ask the firmware's maker for it" },
  {
    value: 'pcr1',
    why: 'it depends on ACPI and SMBIOS tables and on the boot order, which the host chooses',
  },
  {
    value: 'pcr5',
    why: 'it depends on the partition table, and on how often the kernel has to ask the firmware to exit',
  },
]
