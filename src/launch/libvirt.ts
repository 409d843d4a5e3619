// The recipe as a domain of libvirt. Pure.
// Source: docs/formatdomain.rst and the RNG schema of libvirt 12.8; TDX since 11.6, SEV-SNP since 10.5.

import { fail } from '../fault/index.ts'
import { notesOf } from './notes.ts'
import { encryption, quoteSocket } from './qemu.ts'
import { type Disk, inBase64, type Recipe } from './recipe.ts'
import { type Printed, printComment, printElement } from './xml-text.ts'

const element = (
  tag: string,
  attributes: Readonly<Record<string, string>>,
  inside: string | readonly Printed[] = [],
): Printed => ({ tag, attributes, inside })

/** Bit 28 of TDATTRIBUTES, SEPT_VE_DISABLE, which QEMU sets too unless it is told otherwise. */
export const tdxPolicy = '0x10000000'

const securityOf = (recipe: Recipe): readonly Printed[] => {
  const data = recipe.hostData === undefined ? undefined : inBase64(recipe.hostData)
  if (recipe.tee === 'none') return []
  if (recipe.tee === 'tdx')
    return [
      element('launchSecurity', { type: 'tdx' }, [
        element('policy', {}, tdxPolicy),
        ...(data === undefined ? [] : [element('mrConfigId', {}, data)]),
        element('quoteGenerationService', { path: quoteSocket }),
      ]),
    ]
  const attributes: Record<string, string> = { type: 'sev-snp' }
  if (recipe.boot.kind === 'direct') attributes['kernelHashes'] = 'yes'
  if (recipe.idBlock?.author === 'signed') attributes['authorKey'] = 'yes'
  return [
    element('launchSecurity', attributes, [
      element('cbitpos', {}, encryption.cbitpos),
      element('reducedPhysBits', {}, encryption.reducedPhysBits),
      element('policy', {}, recipe.policy),
      ...(recipe.idBlock === undefined
        ? []
        : [element('idBlock', {}, recipe.idBlock.block), element('idAuth', {}, recipe.idBlock.auth)]),
      ...(data === undefined ? [] : [element('hostData', {}, data)]),
    ]),
  ]
}

const osOf = ({ firmware, boot, tee }: Recipe): Printed =>
  element('os', {}, [
    element('type', { arch: 'x86_64', machine: 'q35' }, 'hvm'),
    ...(firmware === undefined
      ? []
      : [
          element(
            'loader',
            tee === 'none' ? { type: 'rom' } : { type: 'rom', stateless: 'yes' },
            firmware.path,
          ),
        ]),
    ...(boot.kind === 'disk'
      ? [element('boot', { dev: 'hd' })]
      : [
          element('kernel', {}, boot.kernel.path),
          ...(boot.initramfs === undefined ? [] : [element('initrd', {}, boot.initramfs.path)]),
          element('cmdline', {}, boot.cmdline),
        ]),
  ])

const cpuOf = ({ tee, vcpuType }: Recipe): Printed => {
  if (tee === 'tdx') return element('cpu', { mode: 'host-passthrough' })
  if (vcpuType === 'max') return element('cpu', { mode: 'maximum' })
  return element('cpu', { mode: 'custom', match: 'exact', check: 'none' }, [
    element('model', { fallback: 'forbid' }, vcpuType),
  ])
}

/** Names as Linux gives them: vda, …, vdz, vdaa. */
const targetOf = (index: number): string => {
  const letter = String.fromCharCode('a'.charCodeAt(0) + (index % 26))
  return index < 26 ? letter : targetOf(Math.floor(index / 26) - 1) + letter
}

const diskOf = ({ path, serial }: Disk, index: number): Printed =>
  element('disk', { type: 'file', device: 'disk' }, [
    element('driver', { name: 'qemu', type: 'raw' }),
    element('source', { file: path }),
    element('target', { dev: `vd${targetOf(index)}`, bus: 'virtio' }),
    element('serial', {}, serial),
  ])

const domainOf = (recipe: Recipe): Printed =>
  element('domain', { type: 'kvm' }, [
    element('name', {}, recipe.name),
    element('memory', { unit: 'MiB' }, `${recipe.memoryMiB}`),
    ...(recipe.tee === 'snp'
      ? [
          element('memoryBacking', {}, [
            element('source', { type: 'memfd' }),
            element('access', { mode: 'shared' }),
          ]),
        ]
      : []),
    element('vcpu', { placement: 'static' }, `${recipe.vcpus}`),
    osOf(recipe),
    element('features', {}, [
      element('acpi', {}),
      ...(recipe.tee === 'tdx' ? [element('ioapic', { driver: 'qemu' })] : []),
    ]),
    cpuOf(recipe),
    element('on_poweroff', {}, 'destroy'),
    element('on_reboot', {}, 'destroy'),
    element('on_crash', {}, 'destroy'),
    element('devices', {}, [
      ...recipe.disks.map(diskOf),
      element('controller', { type: 'usb', model: 'none' }),
      element('serial', { type: 'pty' }, [element('target', { port: '0' })]),
      element('console', { type: 'pty' }, [element('target', { type: 'serial', port: '0' })]),
      element('memballoon', { model: 'none' }),
    ]),
    ...securityOf(recipe),
  ])

const pathsOf = ({ firmware, boot, disks }: Recipe): readonly (readonly [option: string, path: string])[] => [
  ...(firmware === undefined ? [] : [['--firmware', firmware.path] as const]),
  ...(boot.kind === 'direct' ? [['--kernel', boot.kernel.path] as const] : []),
  ...(boot.kind === 'direct' && boot.initramfs !== undefined
    ? [['--initramfs', boot.initramfs.path] as const]
    : []),
  ...disks.map(({ path }) => ['--disk', path] as const),
]

/** Fault: `launch-for`, for a relative path. */
export const printLibvirt = (recipe: Recipe): string => {
  const relative = pathsOf(recipe).find(([, path]) => !path.startsWith('/'))
  if (relative !== undefined)
    throw fail('launch-for', {
      program: 'libvirt',
      reason: `a path has to begin with /, so give ${relative[0]} with the whole path of ${relative[1]}`,
    })
  return `${printComment(notesOf(recipe, 'Domain of libvirt'))}${printElement(domainOf(recipe))}`
}
