// The recipe as a VirtualMachine of KubeVirt: YAML, whose scalars are printed as JSON, which YAML contains. Pure.
// Source: kubevirt.io/api 1.7.0, core/v1/schema.go: launchSecurity.snp and launchSecurity.tdx have no fields.

import { fail } from '../fault/index.ts'
import { notesOf } from './notes.ts'
import { defaultPolicyOfKubevirt, type Recipe } from './recipe.ts'

const refuse = (reason: string): never => {
  throw fail('launch-for', { program: 'kubevirt', reason })
}

/** A disk of KubeVirt is a claim for a volume, so --disk has the name of the claim. */
const claim = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

const requirePossible = ({ tee, boot, hostData, idBlock, policy, disks }: Recipe): void => {
  if (boot.kind === 'direct')
    refuse('KubeVirt has no option for measured kernel hashes, so measure a disk that boots by itself')
  if (hostData !== undefined) refuse('KubeVirt has no field for host data')
  if (idBlock !== undefined) refuse('KubeVirt has no field for an ID block, so give --id-block off')
  if (tee === 'snp' && policy !== defaultPolicyOfKubevirt)
    refuse(
      `KubeVirt launches with the policy ${defaultPolicyOfKubevirt} alone, and the manifest has ${policy}`,
    )
  const odd = disks.find(({ path }) => !claim.test(path))
  if (odd !== undefined)
    refuse(`a disk of KubeVirt is a PersistentVolumeClaim, and ${JSON.stringify(odd.path)} is no name of one`)
}

type Node = string | number | boolean | readonly Node[] | { readonly [name: string]: Node }

const printNode = (node: Node, indent: string): string => {
  if (typeof node !== 'object') return ` ${JSON.stringify(node)}\n`
  const inner = `${indent}  `
  if (Array.isArray(node))
    return `\n${node.map((one: Node) => `${indent}-${printNode(one, inner).replace(/^\n\s*/, ' ')}`).join('')}`
  const entries = Object.entries(node)
  if (entries.length === 0) return ' {}\n'
  return `\n${entries.map(([name, value]) => `${indent}${name}:${printNode(value, inner)}`).join('')}`
}

const securityOf = ({ tee }: Recipe): Readonly<Record<string, Node>> =>
  tee === 'none' ? {} : { launchSecurity: tee === 'snp' ? { snp: {} } : { tdx: {} } }

const machineOf = (recipe: Recipe): Node => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name: recipe.name },
  spec: {
    runStrategy: 'Manual',
    template: {
      spec: {
        domain: {
          machine: { type: 'q35' },
          firmware: { bootloader: { efi: { secureBoot: false } } },
          cpu: {
            model: recipe.vcpuType === 'max' || recipe.tee === 'tdx' ? 'host-passthrough' : recipe.vcpuType,
            sockets: 1,
            cores: recipe.vcpus,
            threads: 1,
          },
          memory: { guest: `${recipe.memoryMiB}Mi` },
          ...securityOf(recipe),
          devices: {
            autoattachGraphicsDevice: false,
            autoattachMemBalloon: false,
            disks: recipe.disks.map(({ serial }, index) => ({
              name: `disk${index}`,
              serial,
              disk: { bus: 'virtio' },
            })),
          },
        },
        volumes: recipe.disks.map(({ path }, index) => ({
          name: `disk${index}`,
          persistentVolumeClaim: { claimName: path },
        })),
      },
    },
  },
})

/** Fault: `launch-for`. */
export const printKubevirt = (recipe: Recipe): string => {
  requirePossible(recipe)
  const notes = [
    ...notesOf(recipe, 'VirtualMachine of KubeVirt'),
    'KubeVirt takes the firmware of its image virt-launcher. The file has to have the SHA-256 above.',
  ]
  return `${notes.map((line) => `# ${line}\n`).join('')}${printNode(machineOf(recipe), '').replace(/^\n/, '')}`
}
