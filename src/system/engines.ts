// Programs that run containers: the directories of their images, the modules that they load, and the lines of partition.conf that
// they need. Pure.

import { holds } from './paths.ts'

type Engine = {
  readonly name: string
  /** The name of its program, which lies in one of `programDirectories`. */
  readonly program: string
  readonly directories: readonly string[]
}

const engines: readonly Engine[] = [
  { name: 'podman', program: 'podman', directories: ['/var/lib/containers'] },
  { name: 'docker', program: 'dockerd', directories: ['/var/lib/docker', '/var/lib/containerd'] },
  { name: 'containerd', program: 'containerd', directories: ['/var/lib/containerd'] },
  { name: 'cri-o', program: 'crio', directories: ['/var/lib/containers'] },
]

/** Modules for layers, and for a bridge with address translation by nftables, or by iptables on top of nftables. */
export const engineModules: readonly string[] = [
  ...[
    'overlay',
    'bridge',
    'veth',
    'nf_tables',
    'nf_conntrack',
    'nf_nat',
    'nft_chain_nat',
    'nft_ct',
    'nft_masq',
  ],
  ...['nft_nat', 'nft_fib_inet', 'nft_compat', 'xt_conntrack', 'xt_MASQUERADE', 'xt_addrtype', 'xt_comment'],
]

/** The programs and modules of the root, and the lists that the configuration has already. */
export type EngineQuestion = {
  readonly has: (program: string) => boolean
  /** Whether the system can load modules after the boot. */
  readonly modulesLater: 'some' | 'none'
  readonly directories: readonly string[]
  readonly modules: readonly string[]
}

/** One line for each program that lacks something. */
export const adviceFor = ({ has, modulesLater, directories, modules }: EngineQuestion): string[] =>
  engines.flatMap(({ name, program, directories: own }) => {
    if (!has(program)) return []
    const homeless = own.filter((path) => !directories.some((one) => holds(one, path)))
    const unloaded = modulesLater === 'some' ? [] : engineModules.filter((one) => !modules.includes(one))
    const lines = [
      ...(homeless.length > 0
        ? [`WORKSPACE_DIRECTORIES="${[...new Set([...directories, ...homeless])].join(' ')}"`]
        : []),
      ...(unloaded.length > 0 ? [`MODULES="${[...modules, ...unloaded].join(' ')}"`] : []),
    ]
    if (lines.length === 0) return []
    return [`${name} keeps images in ${own.join(' and ')}: set ${lines.join(' and ')} in partition.conf`]
  })

/** The advice for a root that has no modules of the kernel that boots. */
export const noModules =
  'the root has no modules of the kernel that boots: after the boot that kernel has those of MODULES alone'
