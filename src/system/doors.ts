// The generators and units that systemd of the new root would start because of a device, a firmware variable or a disk that the
// host chose, and which of them the boot masks. Pure. docs/reference/partition.conf.md prints these tables.

/** `runs`: the boot does not mask it. `masked`: it runs only where GENERATORS names it. `never`: no setting lets it run. */
type Generator = {
  readonly name: string
  readonly decision: 'runs' | 'masked' | 'never'
  readonly why: string
}

/**
 * Programs that make units before systemd reads the units (systemd.generator(7)): all generators of systemd 252 to 258, and the
 * commonest of other packages. The boot also masks every generator that is not in this table.
 */
export const generators: readonly Generator[] = [
  {
    name: 'systemd-fstab-generator',
    decision: 'runs',
    why: 'it reads /etc/fstab of the verified root, and measured words',
  },
  {
    name: 'systemd-cryptsetup-generator',
    decision: 'runs',
    why: 'it reads /etc/crypttab of the verified root; the words that it knows are refused',
  },
  {
    name: 'systemd-integritysetup-generator',
    decision: 'runs',
    why: 'it reads /etc/integritytab of the verified root, and nothing else',
  },
  {
    name: 'systemd-rc-local-generator',
    decision: 'runs',
    why: 'it looks for /etc/rc.local of the verified root',
  },
  { name: 'systemd-sysv-generator', decision: 'runs', why: 'it reads /etc/init.d of the verified root' },
  {
    name: 'systemd-tpm2-generator',
    decision: 'runs',
    why: 'a TPM that the firmware names makes systemd wait for the device; it starts nothing',
  },
  { name: 'netplan', decision: 'runs', why: 'it reads /etc/netplan of the verified root' },
  { name: 'nfs-server-generator', decision: 'runs', why: 'it reads /etc/exports and /etc/fstab' },
  { name: 'rpc-pipefs-generator', decision: 'runs', why: 'it reads /etc/nfs.conf' },
  { name: 'openvpn-generator', decision: 'runs', why: 'it reads /etc/openvpn and /etc/default/openvpn' },
  { name: 'postgresql-generator', decision: 'runs', why: 'it reads /etc/postgresql' },
  {
    name: 'podman-system-generator',
    decision: 'runs',
    why: 'it reads the containers of /etc/containers/systemd',
  },
  {
    name: 'systemd-getty-generator',
    decision: 'masked',
    why: 'it starts a login on each console that the kernel uses and on each /dev/hvc of the host: enable serial-getty@ in the root where one is wanted',
  },
  {
    name: 'systemd-ssh-generator',
    decision: 'masked',
    why: 'from systemd 256 it makes sshd listen on AF_VSOCK wherever the host attaches such a device',
  },
  {
    name: 'systemd-bless-boot-generator',
    decision: 'masked',
    why: 'an EFI variable makes it start a service that renames files on an unverified partition',
  },
  {
    name: 'systemd-veritysetup-generator',
    decision: 'masked',
    why: 'with the word roothash= it makes a second mapping of the root beside that of the boot',
  },
  {
    name: 'systemd-run-generator',
    decision: 'masked',
    why: 'it runs what the word systemd.run= says, which is refused',
  },
  {
    name: 'systemd-import-generator',
    decision: 'masked',
    why: 'from systemd 257 it downloads system images that words and credentials name',
  },
  {
    name: 'systemd-system-update-generator',
    decision: 'masked',
    why: 'it boots into the update of a root that nothing can write',
  },
  {
    name: 'cloud-init-generator',
    decision: 'masked',
    why: "it looks for a disk, SMBIOS text or network of the host's, whose accounts, keys and scripts cloud-init then takes",
  },
  {
    name: 'lvm2-activation-generator',
    decision: 'masked',
    why: "it takes volume groups into use that lie on the host's disks",
  },
  {
    name: 'systemd-gpt-auto-generator',
    decision: 'never',
    why: 'it mounts, and swaps to, partitions by their type alone, from a disk that the host may have changed',
  },
  {
    name: 'systemd-hibernate-resume-generator',
    decision: 'never',
    why: 'an EFI variable of the host names a disk whose content would become the memory',
  },
  {
    name: 'systemd-factory-reset-generator',
    decision: 'never',
    why: 'from systemd 258 an EFI variable of the host has partitions erased',
  },
  {
    name: 'systemd-debug-generator',
    decision: 'never',
    why: 'it opens a shell and adds or masks units by words that are refused, and by credentials',
  },
  { name: 'zram-generator', decision: 'never', why: 'it makes swap' },
]

/** The directories of generators in the root. systemd also looks in /run, which goes before these. */
export const generatorDirectories = [
  '/etc/systemd/system-generators',
  '/usr/local/lib/systemd/system-generators',
  '/usr/lib/systemd/system-generators',
  '/lib/systemd/system-generators',
] as const
export const generatorMasks = '/run/systemd/system-generators'

const named = (decision: Generator['decision']): string[] =>
  generators.filter((one) => one.decision === decision).map(({ name }) => name)

/** The generators that may run: those that read nothing from the host, and those that partition.conf adds. */
export const generatorsThatRun = (added: readonly string[]): string[] => [...named('runs'), ...added]

export const isGeneratorName = (name: string): boolean =>
  /^[A-Za-z0-9][A-Za-z0-9@._-]{0,127}$/.test(name) && !named('never').includes(name)

/** A unit that udev, logind or systemd starts where the host attaches a device. The host gets in by such a unit. */
type Agent = { readonly unit: string; readonly why: string }

export const agents: readonly Agent[] = [
  {
    unit: 'qemu-guest-agent.service',
    why: 'over a virtio port the host runs programs as root, reads and writes files and sets passwords',
  },
  { unit: 'hv-fcopy-daemon.service', why: 'over VMBus the host writes files as root (Debian)' },
  { unit: 'hypervfcopyd.service', why: 'the same service of Fedora' },
  {
    unit: 'hv-kvp-daemon.service',
    why: 'over VMBus the host sets addresses, by scripts that run as root (Debian)',
  },
  { unit: 'hypervkvpd.service', why: 'the same service of Fedora' },
  { unit: 'open-vm-tools.service', why: 'where the CPU says VMware, the host runs programs (Debian)' },
  { unit: 'vmtoolsd.service', why: 'the same service of Fedora' },
  { unit: 'spice-vdagentd.socket', why: 'over a virtio port the host writes to the clipboard, and files' },
  { unit: 'spice-vdagentd.service', why: 'the service of that socket' },
  {
    unit: 'getty@.service',
    why: 'a login on each screen: the host attaches a screen and a keyboard, and distributions enable it on tty1',
  },
  { unit: 'autovt@.service', why: 'the same unit, for the screen to which a key of that keyboard leads' },
  { unit: 'getty-static.service', why: 'it starts the same unit on tty2 to tty6 (Debian)' },
  { unit: 'debug-shell.service', why: 'a shell of root on a console' },
]

export const unitMasks = '/run/systemd/system'

/** The units that the boot masks: all but those that partition.conf adds. */
export const maskedAgents = (added: readonly string[]): string[] =>
  agents.map(({ unit }) => unit).filter((unit) => !added.includes(unit))
