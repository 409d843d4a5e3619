// Rows that several verbs share. Pure.

import type { Option, Options } from './option.ts'

export const json = { kind: 'flag', help: 'Print JSON instead of text.' } as const satisfies Option

/** The row of `--config`. `otherwise` names the configuration that the verb takes without the option. */
export const configOr = (otherwise: string) =>
  ({
    kind: 'file',
    value: 'FILE',
    need: { otherwise },
    help: 'Read the configuration from FILE, a partition.conf.',
  }) as const satisfies Option

export const config = configOr('the built-in configuration, which cvmboot config show prints')
/** The row of `--config` for verbs of a running VM. */
export const bootedConfig = configOr('the configuration that the boot kept')

export const cmdline = {
  kind: 'text',
  value: 'TEXT|@FILE',
  need: 'required',
  help: 'The kernel command line, as one argument; or @ and the name of a file that holds the line, as in @cmdline.',
} as const satisfies Option

export const hook = {
  kind: 'flag',
  help: 'The command line is for an initramfs of dracut or initramfs-tools. The init of such an initramfs switches to the new root itself, and the boot accepts a few more words.',
} as const satisfies Option

export const executable = {
  kind: 'file',
  value: 'FILE',
  need: { otherwise: 'this executable' },
  help: 'The cvmboot that boots the VM.',
} as const satisfies Option

export const root = {
  kind: 'directory',
  value: 'DIR',
  need: { default: '/' },
  help: 'The root directory of the system to change.',
} as const satisfies Option

export const dryRun = {
  kind: 'flag',
  help: 'Only print the changes, and make none of them.',
} as const satisfies Option

/** The rows of the files by which a verifier judges, but for the manifest. */
export const judging = {
  policy: {
    kind: 'file',
    value: 'FILE',
    need: { otherwise: 'the strict default of each field' },
    help: 'Judge by this policy.',
  },
  collateral: {
    kind: 'file',
    value: 'FILE',
    need: { otherwise: 'a quote of TDX is refused' },
    help: "Intel's collateral for the processor, in the JSON form that dcap-qvl writes.",
  },
  certificates: {
    kind: 'file',
    value: 'FILE',
    need: { otherwise: 'the table in the evidence' },
    help: "AMD's certificates: PEM, one in DER, or a certificate table as the host gives one.",
  },
  'revocation-list': {
    kind: 'file',
    value: 'FILE',
    need: { otherwise: 'a report of SEV-SNP is refused, unless the policy says if-given' },
    help: "AMD's revocation list for the product, in DER or PEM.",
  },
  at: {
    kind: 'text',
    value: 'DATE',
    need: { otherwise: 'now' },
    help: 'Judge as of this date: 2026-12-01, or 2026-12-01T12:00:00Z.',
  },
} as const satisfies Options
