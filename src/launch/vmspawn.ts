// The recipe as a command of systemd-vmspawn. Pure.
// Source: systemd-vmspawn(1) and docs/ENVIRONMENT.md of systemd 262, whose option --coco= is experimental.

import { fail } from '../fault/index.ts'
import { quoted } from '../terminal/quoted.ts'
import { notesOf } from './notes.ts'
import { defaultPolicyOfVmspawn, type Recipe } from './recipe.ts'
import { printCommand } from './shell-words.ts'

const refuse = (reason: string): never => {
  throw fail('launch-for', { program: 'vmspawn', reason })
}

/** vmspawn makes the object of the TEE itself, and has no option for these parts. */
const requirePossible = ({ tee, boot, hostData, idBlock, policy }: Recipe): void => {
  if (hostData !== undefined) refuse('vmspawn has no option for host data')
  if (idBlock !== undefined) refuse('vmspawn has no option for an ID block, so give --id-block off')
  if (tee === 'snp' && policy !== defaultPolicyOfVmspawn)
    refuse(`vmspawn launches with the policy ${defaultPolicyOfVmspawn} alone, and the manifest has ${policy}`)
  if (tee === 'snp' && boot.kind === 'disk')
    refuse('vmspawn starts an SEV-SNP VM from a measured kernel alone')
}

/** vmspawn adds words to the command line. QEMU takes the last -append, and the last -cpu. */
const qemuArguments = ({ tee, boot, vcpuType }: Recipe): string => {
  const cmdline = boot.kind === 'direct' ? ['-append', boot.cmdline] : []
  return [...cmdline, ...(tee === 'tdx' ? [] : ['-cpu', vcpuType])].map(quoted).join(' ')
}

const coco = { snp: 'sev-snp', tdx: 'tdx', none: 'no' } as const

/** Fault: `launch-for`. */
export const printVmspawn = (recipe: Recipe): string => {
  requirePossible(recipe)
  const { tee, boot, disks, vcpus, memoryMiB, name } = recipe
  const [first, ...others] = disks
  if (first === undefined) return refuse('vmspawn needs an image, and --disk is missing')
  if (others.some(({ path }) => path.includes(':')))
    return refuse('vmspawn takes no colon in the path of a disk')
  const notes = [
    ...notesOf(recipe, 'Command of systemd-vmspawn'),
    'vmspawn takes the firmware that a descriptor names: systemd-vmspawn --firmware=describe shows the file. The file has to have',
    'the SHA-256 above. --firmware=DESCRIPTOR chooses another one. vmspawn gives disks serial numbers of its own.',
  ]
  const groups = [
    [`SYSTEMD_VMSPAWN_QEMU_EXTRA=${qemuArguments(recipe)}`],
    ['systemd-vmspawn', `--machine=${name}`, '--register=no', '--tpm=no', `--coco=${coco[tee]}`],
    [`--cpus=${vcpus}`, `--ram=${memoryMiB}M`, '--console=read-only'],
    ...(boot.kind === 'direct' ? [[`--linux=${boot.kernel.path}`]] : []),
    ...(boot.kind === 'direct' && boot.initramfs !== undefined ? [[`--initrd=${boot.initramfs.path}`]] : []),
    [`--image=${first.path}`],
    ...others.map(({ path }) => [`--extra-drive=${path}`]),
  ]
  return `${notes.map((line) => `# ${line}\n`).join('')}${printCommand([['env'], ...groups])}`
}
