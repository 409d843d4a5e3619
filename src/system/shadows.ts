// The paths of /etc by which a file decides what root runs, and what programs do with each. Pure. os-config lies over the root's
// /etc, and the maker of os-config is another party than the maker of root-fs. So CONFIG_OVER_ETC cannot name a guarded path, and
// `config migrate` warns of each path that calls for care.

const everywhere = 'the loader takes code for every program from it'
const storage = 'it opens, mounts or swaps to disks after the boot'
const starts = 'root runs it, or it says which programs root runs'
const login = 'it decides who may log in and become root'
const kernel = 'it steers the kernel, its modules and devices'

export type Guard = { readonly path: string; readonly reason: string }

const table = (rows: Readonly<Record<string, readonly string[]>>): readonly Guard[] =>
  Object.entries(rows).flatMap(([reason, paths]) => paths.map((path) => ({ path, reason })))

/** Paths in os-config's `etc` that no list lets in. No list lets in a path below them either. */
export const guards: readonly Guard[] = table({
  [everywhere]: ['ld.so.preload', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'ld.so.nohwcap', 'perl'],
  [storage]: [
    ...['fstab', 'crypttab', 'veritytab', 'integritytab', 'repart.d', 'verity.d', 'cryptsetup-keys.d'],
    ...['systemd/zram-generator.conf', 'systemd/zram-generator.conf.d', 'systemd/sleep.conf'],
    ...['systemd/sleep.conf.d', 'auto.master', 'auto.master.d', 'autofs.conf', 'autofs'],
  ],
  [starts]: [
    ...['systemd/system', 'systemd/system.conf', 'systemd/system.conf.d', 'systemd/system-generators'],
    ...['systemd/system-environment-generators', 'systemd/system-preset', 'systemd/system.control'],
    ...['systemd/system.attached', 'systemd/user', 'systemd/user.conf', 'systemd/user.conf.d'],
    ...['systemd/user-preset', 'systemd/user-generators', 'systemd/user-environment-generators'],
    ...['systemd/user.control', 'systemd/nspawn', 'systemd/portable', 'systemd/initrd-preset'],
    // systemd takes lines of tmpfiles.d, sysctl.d and sysusers.d from credentials, and merges images over /usr and /etc.
    ...['credstore', 'credstore.encrypted', 'extensions', 'confexts', 'portables', 'sysupdate.d'],
    ...['tmpfiles.d', 'user-tmpfiles.d', 'environment', 'environment.d', 'rc.local', 'rc.d', 'init.d'],
    ...['inittab', 'init', 'event.d', 'conf.d', 'local.d', 'runlevels', 'runit', 'sv', 'service', 's6'],
    ...['crontab', 'anacrontab', 'cron.d', 'cron.hourly', 'cron.daily', 'cron.weekly', 'cron.monthly'],
    ...['cron.yearly', 'periodic', 'incron.d', 'cloud', 'update-motd.d', 'apt', 'dpkg', 'kernel'],
    ...['initramfs-tools', 'dracut.conf', 'dracut.conf.d', 'grub.d', 'cvmboot'],
    ...Array.from('0123456S', (level) => `rc${level}.d`),
  ],
  [login]: [
    ...['passwd', 'shadow', 'group', 'gshadow', 'passwd-', 'shadow-', 'group-', 'gshadow-', 'subuid'],
    ...['subgid', 'tcb', 'sudoers', 'sudoers.d', 'sudo.conf', 'sudo_logsrvd.conf', 'doas.conf', 'doas.d'],
    ...['pam.d', 'pam.conf', 'security', 'nsswitch.conf', 'authselect', 'login.defs', 'securetty', 'shells'],
    ...['polkit-1', 'dbus-1', 'userdb', 'sysusers.d', 'sssd', 'nslcd.conf', 'oddjobd.conf', 'oddjobd.conf.d'],
  ],
  [kernel]: [
    ...['sysctl.conf', 'sysctl.d', 'modprobe.d', 'modprobe.conf', 'modules', 'modules-load.d', 'depmod.d'],
    ...['udev', 'binfmt.d', 'selinux', 'apparmor.d', 'apparmor', 'smack', 'ima', 'dkms', 'mdev.conf'],
    ...['hotplug', 'hotplug.d', 'sysfs.conf', 'sysfs.d', 'tmpfs.d'],
  ],
})

const programs = 'it decides which program a name stands for'
const shell = 'shells of root and of users run it as they start'
const hooks = 'a service of root runs the programs and lines that it names'
const modules = 'programs load code that it names'
const variables = 'services of root take their variables and options from it'
const rights = 'it decides who gets in, or what others may do here'
const disks = 'it decides which disks a service opens or mounts'
const trust = 'it decides whom programs believe'

/** Paths that CONFIG_OVER_ETC may name, each with a warning for its writer. A `*` at the end stands for any ending. */
export const cautions: readonly Guard[] = table({
  [programs]: ['alternatives', 'mailcap', 'mime.types', 'binfmt', 'papersize'],
  [shell]: [
    ...['profile', 'profile.d', 'bash.bashrc', 'bashrc', 'bash', 'bash_completion', 'bash_completion.d'],
    ...['bash.bash_logout', 'zsh', 'zshenv', 'zshrc', 'zprofile', 'zlogin', 'csh.*', 'fish', 'ksh.kshrc'],
    ...['mkshrc', 'skel', 'inputrc', 'X11', 'xdg', 'vim', 'emacs', 'nanorc', 'screenrc', 'tmux.conf'],
    ...['gitconfig', 'lesskey', 'sysless', 'subversion', 'mercurial', 'suid-debug', 'DIR_COLORS'],
  ],
  [hooks]: [
    ...['network', 'NetworkManager', 'networkd-dispatcher', 'netplan', 'ifplugd', 'ppp', 'dhcp', 'dhcp3'],
    ...['dhcpcd*', 'udhcpc', 'resolvconf', 'resolvconf.conf', 'wpa_supplicant', 'hostapd', 'openvpn'],
    ...['wireguard', 'ipsec*', 'strongswan*', 'swanctl', 'nftables*', 'iptables', 'ufw', 'firewalld'],
    ...['logrotate.conf', 'logrotate.d', 'rsyslog.*', 'syslog*', 'audit', 'audisp', 'acpi', 'pm', 'apm'],
    ...['at.*', 'cron.allow', 'cron.deny', 'fcron*', 'anacron', 'inetd.conf', 'inetd.d', 'xinetd*'],
    ...['aliases', 'mail', 'mail.rc', 'postfix', 'exim*', 'msmtprc', 'procmailrc', 'procmailrcs', 'dovecot'],
    ...['apache2', 'httpd', 'nginx', 'lighttpd', 'php*', 'samba', 'vsftpd*', 'proftpd', 'snmp', 'cups'],
    ...[
      'docker',
      'containerd',
      'containers',
      'crio',
      'cni',
      'kubernetes',
      'rancher',
      'lxc',
      'libvirt',
      'qemu*',
    ],
    ...['waagent.conf', 'google*', 'amazon', 'puppet*', 'chef', 'salt', 'ansible', 'zabbix*', 'telegraf'],
    ...['collectd*', 'munin', 'nagios*', 'icinga*', 'monit*', 'supervisor*', 'consul*', 'nomad*', 'vault*'],
    ...['yum*', 'dnf', 'rpm', 'zypp', 'pacman*', 'apk', 'flatpak', 'snap*', 'needrestart', 'apport'],
    ...['smartd.conf', 'smartmontools', 'mdadm*', 'tuned', 'sensors*', 'chrony*', 'ntp*'],
    ...['hosts.allow', 'hosts.deny', 'squid*', 'redis*', 'postgresql*', 'mysql', 'my.cnf*'],
    ...['watchdog*', 'keepalived', 'haproxy', 'bind', 'named*', 'unbound', 'dnsmasq*', 'avahi'],
    ...['systemd/coredump.conf*', 'systemd/logind.conf*', 'systemd/homed.conf*'],
  ],
  [modules]: [
    ...[
      'ssl/openssl.cnf*',
      'openssl',
      'pki/tls/openssl.cnf',
      'crypto-policies',
      'pkcs11',
      'p11-kit',
      'gnutls',
    ],
    ...['gss', 'krb5.conf', 'krb5.conf.d', 'sasl2', 'ldap*', 'openldap', 'odbc*', 'unixODBC', 'python*'],
    ...['ruby*', 'gemrc', 'java*', 'node*', 'npmrc', 'lua*', 'guile*', 'tcl*', 'perl5', 'pip.conf'],
    ...['libnl*', 'ImageMagick*', 'gtk-*', 'pango', 'vdpau*', 'OpenCL', 'vulkan', 'glvnd', 'nvidia*', 'alsa'],
    ...['asound.conf', 'fonts', 'valgrindrc', 'gdb', 'gcrypt', 'tpm2-tss', 'clevis', 'qt*', 'gconf'],
    ...['locale.alias', 'magic*', 'groff', 'manpath.config', 'libvirt-sandbox', 'terminfo'],
  ],
  [variables]: ['default', 'sysconfig', 'rc.conf', 'rc.conf.d', 'locale.gen', 'sysstat', 'kdump*', 'kexec*'],
  [rights]: [
    ...['adduser.conf', 'deluser.conf', 'useradd', 'krb5.keytab', 'nologin', 'u2f_mappings', 'yubico'],
    ...[
      'rsyncd.*',
      'exports',
      'exports.d',
      'fuse.conf',
      'idmapd.conf',
      'hosts.equiv',
      'shosts.equiv',
      'ftpusers',
    ],
    ...['udisks2', 'ConsoleKit', 'passwdqc.conf', 'ssh', 'dropbear'],
  ],
  [disks]: [
    ...[
      'auto.*',
      'multipath*',
      'lvm',
      'iscsi',
      'nvme',
      'zfs',
      'blkid.conf',
      'mke2fs.conf',
      'ceph',
      'glusterfs',
    ],
    ...['nfs*', 'cachefilesd.conf', 'hdparm.conf', 'bcache', 'request-key*'],
  ],
  [trust]: ['ssl', 'pki', 'ca-certificates*', 'hosts', 'resolv.conf', 'host.conf', 'gai.conf', 'gnupg'],
})

const isInside = (path: string, other: string): boolean => path === other || path.startsWith(`${other}/`)

/** The guard of a path: the path is guarded, or lies below a guarded one. */
export const guardOver = (path: string): Guard | undefined => guards.find((g) => isInside(path, g.path))

/** The guard of a path that is guarded, lies below a guarded path, or leads to one. */
export const guardAt = (path: string): Guard | undefined =>
  guardOver(path) ?? guards.find((g) => isInside(g.path, path))

const meets = (path: string, pattern: string): boolean => {
  const own = pattern.split('/')
  const parts = path.split('/')
  return own.every((part, i) => {
    const at = parts[i]
    // Where the path ends before the pattern does, the path leads to the pattern.
    return at === undefined || at === part || (part.endsWith('*') && at.startsWith(part.slice(0, -1)))
  })
}

/** The first caution for a path: it names the path, a path above it, or a path below it. */
export const cautionAt = (path: string): Guard | undefined => cautions.find((c) => meets(path, c.path))
