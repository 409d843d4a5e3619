// A configuration in which each key differs from its default, except the keys that belong to a TPM and an owner alone.

import { type Config, defaultConfig } from '../../src/config/config.ts'

export const changedConfig: Config = {
  device: '/dev/vdb',
  size: { ...defaultConfig.size, 'root-fs': 3n << 20n, 'tmp-fs': 1n << 40n },
  mount: { ...defaultConfig.mount, workspace: '/ws' },
  jobStore: 'none',
  keys: {
    ...defaultConfig.keys,
    workspace: { provider: 'snp', binding: 'id-block', blank: 'halt', leastTcb: 0xd315000000000003n },
  },
  profile: { ...defaultConfig.profile, workspace: 'xts-hmac' },
  evidence: 'required',
  teeAfterBoot: 'keep',
  jobStoreOwner: undefined,
  tmp: { mode: 0o700, uid: 1, gid: 65534 },
  onCorruption: 'restart',
  configOverEtc: ['hostname', 'nvflare/', 'ssh/ssh_host_ed25519_key'],
  overlays: ['/etc', '/var'],
  overlaySize: 64n << 20n,
  machineId: 'keep',
  init: '/usr/lib/systemd/systemd',
  cmdlineWords: [
    { name: 'nosmt', value: 'none' },
    { name: 'printk.devkmsg', value: { is: 'on' } },
    { name: 'ip', value: 'any' },
  ],
  hardening: {
    lockdown: 'confidentiality',
    ptraceScope: 0,
    modules: 'closed',
    left: ['kernel.io_uring_disabled'],
  },
  doors: { generators: ['lvm2-activation-generator'], agents: ['qemu-guest-agent.service'] },
  workspaceDirectories: ['/var/lib/containers', '/var/lib/docker'],
  modules: ['overlay', 'nf_tables'],
  least: { disk: 1n << 30n, memory: 2n << 30n },
}
