// What the kernel is told before the new root runs, so that its root user cannot look into memory or replace the kernel
// unseen. Each setting is written and read back. Pure.

/** Each refuses more than the one before it. */
export const lockdowns = ['none', 'integrity', 'confidentiality'] as const
export type Lockdown = (typeof lockdowns)[number]
const rank = (lockdown: string): number => (lockdowns as readonly string[]).indexOf(lockdown)

/** What the configuration decides. */
export type Hardening = {
  readonly lockdown: Lockdown
  /** Of Yama (Documentation/admin-guide/LSM/Yama.rst): who may look into another process. */
  readonly ptraceScope: 0 | 1 | 2 | 3
  /** `closed`: no module is loaded after the boot's own; what the system needs has to be built in. */
  readonly modules: 'loadable' | 'closed'
}

/** What every swap unit is wanted by (systemd.special(7)); empty there, it is masked. */
export const swapUnit = '/run/systemd/system/swap.target'
/**
 * systemd-gpt-auto-generator(8), masked: beside the root's own partition the host may put one that it would swap to, or
 * mount on an empty /home or /srv.
 */
export const diskGenerator = '/run/systemd/system-generators/systemd-gpt-auto-generator'

type Setting = {
  readonly path: string
  /** `read`: it follows from another, and is only proved. */
  readonly access: 'write' | 'read'
  /** Whether the kernel shows that it has the value, or one that allows less and cannot be taken back. */
  readonly shows: (text: string, value: string) => boolean
  /** Of a kernel without such a file: the danger is not there either, or nothing keeps it away. */
  readonly absent: 'harmless' | 'open'
  readonly remedy: string
}

const sysctl = (name: string): Setting => ({
  ...{ path: `/proc/sys/${name.replaceAll('.', '/')}`, access: 'write', absent: 'harmless' },
  shows: (text, value) => text === value,
  remedy: 'use a kernel whose sysctl it is',
})

/** Where the kernel's security file system is mounted (Documentation/security/lsm.rst). */
export const securityfs = '/sys/kernel/security'

/** Names are sysctl's where it is one. */
export const settings = {
  'kernel.core_pattern': sysctl('kernel.core_pattern'),
  'fs.suid_dumpable': sysctl('fs.suid_dumpable'),
  'kernel.kexec_load_disabled': sysctl('kernel.kexec_load_disabled'),
  'kernel.sysrq': sysctl('kernel.sysrq'),
  'kernel.unprivileged_bpf_disabled': sysctl('kernel.unprivileged_bpf_disabled'),
  'kernel.yama.ptrace_scope': {
    ...sysctl('kernel.yama.ptrace_scope'),
    shows: (text, value) => /^[0-3]$/.test(text) && text >= value,
    absent: 'open',
    remedy: 'use a kernel with CONFIG_SECURITY_YAMA, or set PTRACE_SCOPE=0',
  },
  lockdown: {
    ...{ path: `${securityfs}/lockdown`, access: 'write', absent: 'open' },
    shows: (text, value) => rank(/\[(\w+)\]/.exec(text)?.[1] ?? '') >= rank(value),
    remedy: 'use a kernel with CONFIG_SECURITY_LOCKDOWN_LSM, or set LOCKDOWN=none',
  },
  hibernation: {
    ...{ path: '/sys/power/disk', access: 'read', absent: 'harmless' },
    shows: (text) => text === '[disabled]',
    remedy: 'set LOCKDOWN=integrity, or put nohibernate on the kernel command line',
  },
  'kernel.modules_disabled': sysctl('kernel.modules_disabled'),
} as const satisfies Readonly<Record<string, Setting>>

export type SettingName = keyof typeof settings

export const settingOf = (name: SettingName): Setting => settings[name]

/** Settings with their values, in the order in which they are made: what lockdown forbids follows it. */
export const hardeningOf = ({ lockdown, ptraceScope, modules }: Hardening): [SettingName, string][] => [
  // A pipe into what fails: the limits of a process count for files alone (core(5)).
  ['kernel.core_pattern', '|/bin/false'],
  ['fs.suid_dumpable', '0'],
  // One way: not even root takes this one back, nor the next but one.
  ['kernel.kexec_load_disabled', '1'],
  ['kernel.sysrq', '0'],
  ['kernel.unprivileged_bpf_disabled', '1'],
  ...(ptraceScope === 0 ? [] : ([['kernel.yama.ptrace_scope', `${ptraceScope}`]] as [SettingName, string][])),
  ...(lockdown === 'none' ? [] : ([['lockdown', lockdown]] as [SettingName, string][])),
  ['hibernation', 'off'],
  ...(modules === 'closed' ? ([['kernel.modules_disabled', '1']] as [SettingName, string][]) : []),
]
