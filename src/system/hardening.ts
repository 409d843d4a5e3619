// The settings that the boot gives the kernel before the new root runs, so that the root user of the new root cannot look into
// memory or replace the kernel unseen. Pure. The boot writes each setting and reads it back.

/** The levels of lockdown. Each refuses more than the one before it. */
export const lockdowns = ['none', 'integrity', 'confidentiality'] as const
export type Lockdown = (typeof lockdowns)[number]
const rank = (lockdown: string): number => (lockdowns as readonly string[]).indexOf(lockdown)

/** The decisions of the configuration. */
export type Hardening = {
  /** Settings for users that the boot leaves as the kernel has them. */
  readonly left: readonly UserSetting[]
  readonly lockdown: Lockdown
  /** Which processes may look into another process (Documentation/admin-guide/LSM/Yama.rst). */
  readonly ptraceScope: 0 | 1 | 2 | 3
  /** `closed`: nobody loads a module after the boot. The system then has the modules of the boot and of MODULES alone. */
  readonly modules: 'loadable' | 'closed'
}

/** The mask of the target to which every unit of swap belongs (systemd.special(7)): an empty file in its place. */
export const swapUnit = '/run/systemd/system/swap.target'

type Setting = {
  readonly path: string
  /** `read`: the setting follows from another one, so the boot only reads it. */
  readonly access: 'write' | 'read'
  /** Whether the text of the kernel shows the value, or a value that allows less. */
  readonly shows: (text: string, value: string) => boolean
  /**
   * What the boot does on a kernel without such a file. `harmless`: the danger is not there either, and the boot goes on.
   * `unguarded`: the danger may be there, and the boot goes on all the same; `verify` and `check` say so. `open`: the boot ends.
   */
  readonly absent: 'harmless' | 'unguarded' | 'open'
  readonly remedy: string
  /** What a kernel allows without the setting. */
  readonly why: string
}

const sysctl = (name: string, why: string): Setting => ({
  path: `/proc/sys/${name.replaceAll('.', '/')}`,
  access: 'write',
  absent: 'harmless',
  shows: (text, value) => text === value,
  remedy: 'use a kernel whose sysctl it is',
  why,
})

/** A sysctl that allows less with a larger number. */
const atLeast = (name: string, why: string): Setting => ({
  ...sysctl(name, why),
  shows: (text, value) => /^[0-9]{1,9}$/.test(text) && Number(text) >= Number(value),
})

/** Where the kernel's security file system is mounted (Documentation/security/lsm.rst). */
export const securityfs = '/sys/kernel/security'

/** All settings by name. A sysctl has its own name. */
export const settings = {
  'kernel.core_pattern': sysctl(
    'kernel.core_pattern',
    'a program that fails leaves its memory in a file, keys included',
  ),
  'fs.suid_dumpable': sysctl(
    'fs.suid_dumpable',
    'a program that changed its user leaves its memory in a file when it fails',
  ),
  'kernel.kexec_load_disabled': sysctl(
    'kernel.kexec_load_disabled',
    'root starts another kernel, which nobody measured',
  ),
  'kernel.sysrq': sysctl('kernel.sysrq', "the host's keyboard and serial line show memory and end processes"),
  'kernel.unprivileged_bpf_disabled': sysctl(
    'kernel.unprivileged_bpf_disabled',
    'users load programs into the kernel, by which they read its memory speculatively',
  ),
  'kernel.yama.ptrace_scope': {
    ...atLeast('kernel.yama.ptrace_scope', 'a process reads the memory of others of the same user'),
    shows: (text, value) => /^[0-3]$/.test(text) && text >= value,
    absent: 'open',
    remedy: 'use a kernel with CONFIG_SECURITY_YAMA, or set PTRACE_SCOPE=0',
  },
  lockdown: {
    path: `${securityfs}/lockdown`,
    access: 'write',
    absent: 'open',
    shows: (text, value) => rank(/\[(\w+)\]/.exec(text)?.[1] ?? '') >= rank(value),
    remedy: 'use a kernel with CONFIG_SECURITY_LOCKDOWN_LSM, or set LOCKDOWN=none',
    why: "root changes the running kernel; with confidentiality, root also does not read the kernel's memory",
  },
  hibernation: {
    path: '/sys/power/disk',
    access: 'read',
    absent: 'harmless',
    shows: (text) => text === '[disabled]',
    remedy: 'set LOCKDOWN=integrity, or put nohibernate on the kernel command line',
    why: "all of memory is written to the host's disk",
  },
  'kernel.modules_disabled': sysctl('kernel.modules_disabled', 'root loads drivers after the boot'),
  'kernel.dmesg_restrict': atLeast(
    'kernel.dmesg_restrict',
    "users read the kernel's log, which has addresses and what other processes did wrong",
  ),
  'kernel.kptr_restrict': atLeast(
    'kernel.kptr_restrict',
    'files of /proc show where the kernel lies, which an attack on the kernel needs to know; with 2 not even root reads these addresses',
  ),
  'kernel.perf_event_paranoid': atLeast(
    'kernel.perf_event_paranoid',
    "users measure other processes and the kernel with the counters of the CPU; with 2, which is all that kernels without a distribution's own change know, users still measure themselves",
  ),
  'kernel.randomize_va_space': atLeast(
    'kernel.randomize_va_space',
    'each start of a program has the same addresses, which an attack on the program needs to know',
  ),
  'fs.protected_symlinks': atLeast(
    'fs.protected_symlinks',
    'a link that one user left in /tmp leads the program of another user astray',
  ),
  'fs.protected_hardlinks': atLeast(
    'fs.protected_hardlinks',
    'a user gives a second name to a file that the user may not even read',
  ),
  'fs.protected_fifos': atLeast(
    'fs.protected_fifos',
    'a program opens a pipe that another user left in /tmp in place of a file',
  ),
  'fs.protected_regular': atLeast(
    'fs.protected_regular',
    'a program opens a file that another user left in /tmp in place of its own',
  ),
  'vm.unprivileged_userfaultfd': sysctl(
    'vm.unprivileged_userfaultfd',
    'users stop the kernel in the middle of a copy, which makes its races easy to win',
  ),
  'net.core.bpf_jit_harden': atLeast(
    'net.core.bpf_jit_harden',
    'constants of a BPF program lie in executable memory of the kernel as the program wrote them',
  ),
  'kernel.io_uring_disabled': {
    ...atLeast(
      'kernel.io_uring_disabled',
      'users reach io_uring, a second way to most system calls, which filters of system calls do not see; programs that know it also work without it',
    ),
    absent: 'unguarded',
    remedy: 'take Linux 6.6 or later, which can refuse it',
  },
  'dev.tty.ldisc_autoload': sysctl(
    'dev.tty.ldisc_autoload',
    'users have the kernel load drivers of serial protocols, which are old and seldom looked at',
  ),
} as const satisfies Readonly<Record<string, Setting>>

export type SettingName = keyof typeof settings

export const settingOf = (name: SettingName): Setting => settings[name]

/** The settings that bind users without privileges, such as jobs. Each has the value that allows least. */
const forUsers = {
  'kernel.dmesg_restrict': '1',
  'kernel.kptr_restrict': '2',
  'kernel.perf_event_paranoid': '3',
  'kernel.randomize_va_space': '2',
  'fs.protected_symlinks': '1',
  'fs.protected_hardlinks': '1',
  'fs.protected_fifos': '2',
  'fs.protected_regular': '2',
  'vm.unprivileged_userfaultfd': '0',
  'net.core.bpf_jit_harden': '2',
  'kernel.io_uring_disabled': '2',
  'dev.tty.ldisc_autoload': '0',
} as const satisfies Partial<Readonly<Record<SettingName, string>>>

export type UserSetting = keyof typeof forUsers
export const userSettings = Object.keys(forUsers) as readonly UserSetting[]

/** A setting with the value that the boot gives it. */
export type Chosen = readonly [SettingName, string]

/** The settings for users, with their values. One step of the boot writes all of them. */
export const userHardeningOf = ({ left }: Hardening): Chosen[] =>
  userSettings.filter((name) => !left.includes(name)).map((name): Chosen => [name, forUsers[name]])

/** The other settings with their values, in the order of the boot. `hibernation` follows lockdown, which forbids hibernation. */
export const hardeningOf = ({ lockdown, ptraceScope, modules }: Hardening): Chosen[] => [
  // A pipe into a program that fails. A limit of the process would not do, since limits count for files alone (core(5)).
  ['kernel.core_pattern', '|/bin/false'],
  ['fs.suid_dumpable', '0'],
  // Not even root takes this setting back, nor kernel.unprivileged_bpf_disabled below.
  ['kernel.kexec_load_disabled', '1'],
  ['kernel.sysrq', '0'],
  ['kernel.unprivileged_bpf_disabled', '1'],
  ...(ptraceScope === 0 ? [] : ([['kernel.yama.ptrace_scope', `${ptraceScope}`]] as Chosen[])),
  ...(lockdown === 'none' ? [] : ([['lockdown', lockdown]] as Chosen[])),
  ['hibernation', 'off'],
  ...(modules === 'closed' ? ([['kernel.modules_disabled', '1']] as Chosen[]) : []),
]

/** All settings that the boot makes, with their values. */
export const settingsOf = (hardening: Hardening): Chosen[] => [
  ...hardeningOf(hardening),
  ...userHardeningOf(hardening),
]
