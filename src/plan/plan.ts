// From parameters and configuration to the list of steps. Reads aloud as a boot. Pure.

import type { Params } from '../cmdline/params.ts'
import type { Config } from '../config/config.ts'
import { coreModules } from '../layout/initramfs.ts'
import { cryptNames, verityNames } from '../layout/layout.ts'
import type { Step } from '../steps/index.ts'
import { inRoot } from '../steps/mount.ts'

/** Where writable layers live: in /run, which moves along to the new root. */
const overlayStore = '/run/cvmboot/overlay'

export const planBoot = (params: Params, config: Config): Step[] => [
  { kind: 'check-initramfs' },
  { kind: 'load-modules', modules: coreModules },
  { kind: 'require-cvm' },
  ...verityNames.map(
    (volume): Step => ({
      kind: 'open-verity',
      volume,
      ...params.verity[volume],
      onCorruption: config.onCorruption,
      timeout: params.deviceTimeout,
    }),
  ),
  { kind: 'forbid-swap' },
  ...verityNames.map((volume): Step => ({ kind: 'mount-verity', volume, mount: config.mount[volume] })),
  ...cryptNames.flatMap((volume) => planWritable(volume, params, config)),
  { kind: 'mount-tmpfs', target: inRoot(config.mount['tmp-fs']), size: config.size['tmp-fs'], ...config.tmp },
  ...planLayers(config),
  { kind: 'write-state' },
  { kind: 'switch-root', init: config.init },
]

const planWritable = (volume: (typeof cryptNames)[number], params: Params, config: Config): Step[] => {
  const mount = config.mount[volume]
  const timeout = params.deviceTimeout
  if (volume === 'job-store' && config.jobStore === 'plain')
    return [{ kind: 'mount-plain', volume, mount, timeout }]
  return [
    { kind: 'open-ephemeral', volume, timeout },
    { kind: 'mount-ephemeral', volume, mount },
  ]
}

const planLayers = (config: Config): Step[] => {
  const etc = config.configOverEtc ? [`${config.mount['os-config']}/etc`] : []
  const writable = config.overlays.map(
    (path): Step => ({ kind: 'overlay', path, over: path === '/etc' ? etc : [], upper: overlayStore + path }),
  )
  const readOnly: Step[] =
    etc.length > 0 && !config.overlays.includes('/etc')
      ? [{ kind: 'overlay', path: '/etc', over: etc, upper: undefined }]
      : []
  const store: Step[] =
    writable.length > 0
      ? [{ kind: 'mount-tmpfs', target: overlayStore, size: config.overlaySize, mode: 0o700, uid: 0, gid: 0 }]
      : []
  return [...store, ...writable, ...readOnly]
}
