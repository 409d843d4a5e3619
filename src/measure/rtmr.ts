// The registers 1 and 2 of a TD after a boot. Pure.
// Sources: OvmfPkg/Tcg/TdTcg2Dxe and OvmfPkg/Library/GenericQemuLoadImageLib of EDK II; hw/i386/x86-common.c of QEMU
// (x86_load_linux); drivers/firmware/efi/libstub/efi-stub-helper.c of Linux 6.9 and later.

import type { RandomAccess } from '../machine/random-access.ts'
import { ofBuffer } from './piece.ts'
import { authenticode, type Digests } from './program.ts'
import { extended } from './register.ts'
import { measuresIntoTd } from './stub.ts'
import type { Uki } from './uki.ts'
import {
  both,
  firmwareEvents,
  type Known,
  kernelEvents,
  loadOptions,
  programEvents,
  sectionEvents,
} from './uki-events.ts'

/** One value of a register, and the condition under which the register has that value. */
export type Prediction = { readonly value: Buffer; readonly when: string }

const { calling, separator, exit } = firmwareEvents

const register = (events: readonly Digests[]): Buffer =>
  extended(
    'sha384',
    events.map(({ sha384 }) => sha384),
  )

/** Firmware loads a program from QEMU's `-kernel` before the firmware announces the boot. */
export const fromQemu = (programs: readonly Digests[]): Buffer => {
  const [first, ...others] = programs
  return register([...(first === undefined ? [] : [first]), calling, separator, ...others, ...exit])
}

/** Firmware that boots from a disk measures the disk's GPT in between, where the disk has a GPT. */
export const fromDisk = (programs: readonly Digests[], gpt: Digests | undefined): Buffer =>
  register([calling, separator, ...(gpt === undefined ? [] : [gpt]), ...programs, ...exit])

/** Memory from which on QEMU puts 2 GiB below the address 4 GiB, whatever the VM has. */
const belowFourGiB = 2n ** 31n
/** Bytes that QEMU leaves free for ACPI tables at the end of that memory (pc_q35.c). */
const acpiBytes = 0x28000n

const headerBytes = 0x260
const canLoadAboveFourGiB = 0x40

/**
 * The kernel with its setup header as an older QEMU changes it: loader, heap, command line, and where the initramfs lies.
 * Undefined where the kernel is no bzImage of boot protocol 2.12 or later.
 */
const patched = (kernel: RandomAccess, initramfsBytes: number): RandomAccess | undefined => {
  const header = Buffer.from(kernel.read(0, headerBytes))
  if (header.length < headerBytes || header.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined
  const isHigh = header.readUInt8(0x211) % 2 === 1
  if (header.readUInt16LE(0x206) < 0x20c || !isHigh) return undefined
  header.writeUInt8(0xb0, 0x210)
  header.writeUInt8(header.readUInt8(0x211) | 0x80, 0x211)
  header.writeUInt16LE(0x1_0000 - 0x200, 0x224)
  header.writeUInt32LE(0x2_0000, 0x228)
  if (initramfsBytes > 0) {
    const above = (header.readUInt16LE(0x236) & canLoadAboveFourGiB) !== 0
    const asked = above ? 0xffff_ffffn : BigInt(header.readUInt32LE(0x22c))
    const most = asked >= belowFourGiB - acpiBytes ? belowFourGiB - acpiBytes - 1n : asked
    const free = most - BigInt(initramfsBytes)
    if (free < 0n) return undefined
    header.writeUInt32LE(Number(free - (free % 4096n)), 0x218)
    header.writeUInt32LE(initramfsBytes, 0x21c)
  }
  const changed = ofBuffer(header)
  return {
    size: kernel.size,
    read: (at, length) => {
      const bytes = Buffer.from(kernel.read(at, length))
      if (at < headerBytes) changed.read(at, length).copy(bytes)
      return bytes
    },
  }
}

/** RTMR 1 after QEMU's `-kernel`. */
export const directRtmr1 = (kernel: RandomAccess, initramfsBytes: number): Known<readonly Prediction[]> => {
  const asItIs = authenticode(kernel)
  if (typeof asItIs === 'string') return { unknown: `the kernel: ${asItIs}` }
  const changed = patched(kernel, initramfsBytes)
  const older = changed === undefined ? undefined : authenticode(changed)
  return {
    known: [
      { value: fromQemu([asItIs]), when: 'QEMU hands on the kernel as it is (version 10.0 and later)' },
      ...(older === undefined || typeof older === 'string'
        ? []
        : [
            {
              value: fromQemu([older]),
              when: 'QEMU changes the setup header of the kernel (before version 10.0), and the VM has 2816 MiB or more',
            },
          ]),
    ],
  }
}

/** RTMR 2 after QEMU's `-kernel`: the command line to which the firmware adds a word, and the initramfs. */
export const directRtmr2 = (cmdline: string, initramfs: Digests | undefined): readonly Prediction[] => {
  const after = (line: string): Buffer =>
    register([
      ...(line === '' ? [] : [both(loadOptions(line))]),
      ...(initramfs === undefined ? [] : [initramfs]),
    ])
  if (initramfs === undefined) return [{ value: after(cmdline), when: 'there is no initramfs' }]
  return [
    {
      value: after(`initrd=initrd ${cmdline}`),
      when: 'the firmware puts initrd=initrd before the command line (EDK II since 2023)',
    },
    {
      value: after(`${cmdline} initrd=initrd`),
      when: 'the firmware puts initrd=initrd behind the command line (EDK II before 2023)',
    },
  ]
}

/**
 * RTMR 1 after a boot of a unified kernel image. `gpt` is the event of the disk's partition table: undefined for a disk
 * without a GPT. Where it is not known whether the stub has the firmware load the kernel, both values are there.
 */
export const ukiRtmr1 = (uki: Uki, gpt: Digests | undefined): Known<readonly Prediction[]> => {
  const programs = programEvents(uki)
  if ('unknown' in programs) return programs
  return {
    known: programs.known.flatMap((list) => [
      { value: fromQemu(list), when: 'the image is what -kernel of QEMU names' },
      {
        value: fromDisk(list, gpt),
        when:
          gpt === undefined ? 'the image lies on a disk without a GPT' : 'the image lies on the given disk',
      },
    ]),
  }
}

/** RTMR 2 after a boot of a unified kernel image. */
export const ukiRtmr2 = (uki: Uki): Known<readonly Prediction[]> => {
  const kernel = kernelEvents(uki)
  if ('unknown' in kernel) return kernel
  const sections =
    uki.version !== undefined && measuresIntoTd(uki.version) ? sectionEvents(uki) : { known: [] }
  if ('unknown' in sections) return sections
  return {
    known: [
      {
        value: register([...sections.known, ...kernel.known]),
        when: 'nothing lies beside the image, and no boot loader passes a command line',
      },
    ],
  }
}
