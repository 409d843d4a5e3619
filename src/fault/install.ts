// Failures of cvmboot install and cvmboot uninstall.

import { family, type Reason } from './family.ts'

export const install = family({
  title: 'cvmboot install and uninstall',
  exit: 30,
  rows: {
    'install-generator': {
      cannot: (d: { root: string }) => `install into ${d.root}: it has neither dracut nor initramfs-tools`,
      advice: 'install one of them first, or pass --generator none where cvmboot pack makes the initramfs',
    },
    'install-root': {
      cannot: (d: { root: string } & Reason) => `install into ${d.root}: ${d.reason}`,
      advice: 'name the directory of a root file system with --root',
    },
    'install-library': {
      cannot: (d: { root: string; library: string; found: string; program: string; needed: string }) =>
        `install into ${d.root}: its ${d.library} has ${d.found}, and ${d.program} needs ${d.needed}`,
      advice: 'take a newer root',
    },
    'install-owned': {
      cannot: (d: { path: string; package: string }) =>
        `touch ${d.path}: it belongs to the package ${d.package}`,
      advice: 'use apt',
    },
    'install-exists': {
      cannot: (d: { path: string } & Reason) => `install ${d.path}: ${d.reason}`,
      advice: 'move it away',
    },
    'install-mock': {
      cannot: (d: Reason) => `install the mock: ${d.reason}`,
    },
    'install-absent': {
      cannot: (d: { root: string }) => `uninstall from ${d.root}: nothing there was put by cvmboot install`,
    },
    'install-record': {
      cannot: (d: { path: string }) => `read ${d.path}: it is not whole`,
      advice: 'remove it, and by hand what cvmboot install put there',
    },
    'install-write': {
      cannot: (d: { path: string } & Reason) => `change ${d.path}: ${d.reason}`,
    },
  },
})
