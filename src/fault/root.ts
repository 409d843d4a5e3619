// Failures of the tree or image that cvmboot setup is given for root-fs.

import { family, type Reason } from './family.ts'

export const root = family({
  title: 'The root file system that cvmboot setup is given',
  exit: 20,
  rows: {
    'root-container': {
      cannot: (d: { path: string; found: string }) =>
        `make root-fs of ${d.path}: it is ${d.found}, not a root file system: its layers are packed in it`,
      advice:
        'unpack them into one tree (podman create and podman export, or skopeo copy and umoci unpack), and pass that tree',
    },
    'root-empty': {
      cannot: (d: { path: string }) => `make root-fs of ${d.path}: nothing is in it`,
      advice: 'pass a root file system, as mmdebstrap or podman export makes one',
    },
    'root-below': {
      cannot: (d: { path: string; init: string; below: string }) =>
        `make root-fs of ${d.path}: it has no ${d.init}, and its directory ${d.below} looks like a root file system`,
      advice: 'pass that directory',
    },
    'root-init-missing': {
      cannot: (d: { path: string; init: string }) => `boot from ${d.path}: it has no ${d.init}`,
      advice: 'install an init in it (systemd-sysv in Debian), or set INIT in partition.conf',
    },
    'root-init-link': {
      cannot: (d: { path: string; link: string; target: string } & Reason) =>
        `boot from ${d.path}: its ${d.link} is a link to ${d.target}: ${d.reason}`,
      advice: 'correct the link (in the VM it leads inside this root only), or set INIT in partition.conf',
    },
    'root-init-mode': {
      cannot: (d: { path: string; init: string; mode: string }) =>
        `boot from ${d.path}: its ${d.init} has mode ${d.mode}, so that nobody can run it`,
      advice: 'chmod 755 it, or set INIT in partition.conf',
    },
    'root-init-format': {
      cannot: (d: { path: string; init: string } & Reason) =>
        `boot from ${d.path}: the kernel does not run its ${d.init}: ${d.reason}`,
      advice: 'install an init for x86-64, or set INIT in partition.conf',
    },
    'root-init-needs': {
      cannot: (d: { path: string; init: string; needs: string } & Reason) =>
        `boot from ${d.path}: its ${d.init} needs ${d.needs}: ${d.reason}`,
      advice: 'install what is missing in that root, or set INIT in partition.conf',
    },
    'root-machine-id': {
      cannot: (d: { path: string } & Reason) =>
        `make root-fs of ${d.path}: the boot mounts an ID of each VM's own on /etc/machine-id, and ${d.reason}`,
      advice: 'make /etc/machine-id an empty file in it',
    },
  },
})
