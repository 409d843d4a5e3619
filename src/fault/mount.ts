// Failures of mounts, and of the files and directories that the boot prepares on them for the new root.

import { otherwise } from './advice.ts'
import { family, type Reason, type Volume } from './family.ts'

/** The advice for a file of os-config that must not lie over /etc. */
const unlayered = (why: 'unnamed' | 'guarded' | 'faulty', line: string | undefined): string => {
  if (why === 'guarded') return 'remove it from os-config: only root-fs may bring it'
  if (why === 'faulty') return 'remove it from os-config, or put it right'
  return line === undefined
    ? 'remove it from os-config, or name it in CONFIG_OVER_ETC: cvmboot config migrate FILE --os-config TREE writes the list'
    : `remove it from os-config, or have partition.conf say ${line}`
}

export const mount = family({
  title: 'Mounts, and the way into the new root',
  exit: 18,
  rows: {
    'mount-failed': {
      cannot: (d: { target: string } & Reason) => `mount ${d.target}: ${d.reason}`,
      advice: 'see that the kernel has its file system (cvmboot check), and that the file system is whole',
    },
    'mount-point-missing': {
      cannot: (d: { target: string } & Volume) => `mount on ${d.target}: ${d.volume} has no such directory`,
      advice: 'make it in the image',
    },
    'mount-unproven': {
      cannot: (d: { target: string } & Reason) => `trust the mount on ${d.target}: ${d.reason}`,
      advice: otherwise,
    },
    'directory-foreign': {
      cannot: (d: { name: string } & Reason) =>
        `use ${d.name} on workspace for a directory of the root: ${d.reason}`,
      advice: 'remove it from the volume, or boot with WORKSPACE_DIRECTORIES without that path',
    },
    'directory-bind': {
      cannot: (d: { path: string } & Reason) => `put ${d.path} on workspace: ${d.reason}`,
      advice: 'give workspace more room, or take the path from WORKSPACE_DIRECTORIES',
    },
    'file-system-unknown': {
      cannot: (d: Volume) => `mount ${d.volume}: its verified content is no erofs, squashfs or ext4`,
      advice: 'build the image again',
    },
    'config-shadows': {
      cannot: (d: { path: string } & Reason) =>
        `lay os-config over /etc: its etc/${d.path} must not be there: ${d.reason}`,
      advice: (d: { why: 'unnamed' | 'guarded' | 'faulty'; line: string | undefined }) =>
        unlayered(d.why, d.line),
    },
    'machine-id-place': {
      cannot: (d: { path: string }) =>
        `give this VM a machine ID: root-fs has no file ${d.path}, or a link in its place`,
      advice: 'put an empty file there, or set MACHINE_ID=keep',
    },
    'init-missing': {
      cannot: (d: { init: string }) => `hand over to ${d.init}: root-fs has no such executable`,
      advice: 'set INIT in partition.conf',
    },
    'state-write': {
      cannot: (d: { path: string } & Reason) => `write ${d.path}: ${d.reason}`,
      advice: 'give the VM more memory',
    },
  },
})
