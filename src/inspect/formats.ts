// The one table of formats of files that people have at hand. The first and last bytes of a file tell its format; each row has
// a name for people, and advice. Pure. The formats that the boot reads (GPT, LUKS2, verity, its file systems) are not here.

import type { RandomAccess } from '../machine/random-access.ts'
import { isElf } from './elf.ts'
import type { Format, Probe } from './format.ts'
import { keyFormats } from './keys.ts'

/** The first bytes that the table needs: btrfs has its magic just behind 64 KiB. */
export const probeHeadBytes = 66_048
const probeTailBytes = 1024

export const probeOf = ({ size, read }: RandomAccess): Probe => {
  const tail = Math.min(size, probeTailBytes)
  return { head: read(0, probeHeadBytes), tail: read(size - tail, tail), size }
}

const at =
  (offset: number, magic: string) =>
  ({ head }: Probe) =>
    head.toString('latin1', offset, offset + magic.length) === magic

const convert = (from: string) => (file: string) =>
  `convert it: qemu-img convert -f ${from} -O raw ${file} disk.img`

const diskImage = (kind: string, name: string, from: string, is: Format['is']): Format => ({
  kind,
  is,
  name: `a disk image (${name})`,
  use: 'convert',
  advice: convert(from),
})

/** The footer of a VHD: the last 512 bytes of the file. Old files lack the last of these bytes. */
const vhdFooter = ({ tail }: Probe): Buffer | undefined =>
  [512, 511]
    .map((bytes) => tail.subarray(Math.max(0, tail.length - bytes)))
    .find((end) => end.toString('latin1', 0, 8) === 'conectix')

const hasBootMark = ({ head }: Probe): boolean => head.length >= 512 && head.readUInt16LE(510) === 0xaa55

/** Whether the first sector has the parameters of a file system with clusters, and not only a boot mark at its end. */
export const isFat = (probe: Probe): boolean => {
  const { head } = probe
  if (!hasBootMark(probe)) return false
  const [sector, cluster, reserved, tables] = [
    head.readUInt16LE(11),
    head[13] ?? 0,
    head.readUInt16LE(14),
    head[16] ?? 0,
  ]
  const isPower = (n: number): boolean => n > 0 && Number.isInteger(Math.log2(n))
  return (
    [512, 1024, 2048, 4096].includes(sector) &&
    isPower(cluster) &&
    reserved > 0 &&
    (tables === 1 || tables === 2)
  )
}

const isFatNamed = (probe: Probe): boolean =>
  isFat(probe) && (head54(probe) || head82(probe) || fatJump(probe))
const head54 = at(54, 'FAT')
const head82 = at(82, 'FAT32')
const fatJump = ({ head }: Probe): boolean => head[0] === 0xeb || head[0] === 0xe9

/** Whether the first sector is a boot sector in which each of the four entries has a valid status byte. */
export const isMbr = (probe: Probe): boolean => {
  if (!hasBootMark(probe)) return false
  const entries = [446, 462, 478, 494].map((offset) => probe.head.subarray(offset, offset + 16))
  return entries.every((entry) => entry[0] === 0 || entry[0] === 0x80)
}

const isDynamicVhd = at(0, 'conectix')
const setupTakes = (file: string) => `cvmboot setup takes it: --root-fs ${file}, or for another volume`
const nothing = () => ''

/** The first row that fits counts: an image of ISO 9660 may have an MBR too, and a fixed VHD begins like the disk in it. */
export const formats: readonly Format[] = [
  diskImage('qcow2', 'QEMU, qcow2', 'qcow2', at(0, 'QFI\xfb')),
  diskImage('qed', 'QEMU, QED', 'qed', at(0, 'QED\0')),
  diskImage('vhdx', 'Hyper-V, VHDX', 'vhdx', at(0, 'vhdxfile')),
  diskImage('vhd-dynamic', 'Hyper-V and Azure, VHD that grows', 'vpc', isDynamicVhd),
  diskImage('vhd', 'Hyper-V and Azure, VHD of fixed size', 'vpc', (probe) => vhdFooter(probe) !== undefined),
  diskImage('vmdk', 'VMware, VMDK', 'vmdk', (probe) => at(0, 'KDMV')(probe) || at(0, 'COWD')(probe)),
  {
    ...diskImage('vmdk-descriptor', 'VMware, description of a VMDK', 'vmdk', ({ head }) =>
      /^(?:\xef\xbb\xbf)?\s*# Disk DescriptorFile/i.test(head.toString('latin1', 0, 256)),
    ),
    name: 'the description of a disk image (VMware, VMDK); the disk lies in the files that it names',
  },
  diskImage(
    'vdi',
    'VirtualBox, VDI',
    'vdi',
    ({ head }) => head.length > 68 && head.readUInt32LE(64) === 0xbeda107f,
  ),
  diskImage('parallels', 'Parallels', 'parallels', ({ head }) =>
    /^With(?:outFreeSpace|ouFreSpacExt)/.test(head.toString('latin1', 0, 16)),
  ),
  diskImage('dmg', 'Apple, DMG', 'dmg', ({ tail }) =>
    tail.toString('latin1', Math.max(0, tail.length - 512)).startsWith('koly'),
  ),
  {
    kind: 'iso9660',
    is: at(32_769, 'CD001'),
    name: 'an image of a CD or DVD (ISO 9660)',
    use: 'foreign',
    advice: () => 'install from it in a VM of its own, and pass the root that comes of it to cvmboot setup',
  },
  {
    kind: 'kernel',
    is: (probe) => at(0, 'MZ')(probe) && at(0x202, 'HdrS')(probe),
    name: 'a Linux kernel for x86 (bzImage)',
    use: 'taken',
    advice: (file) => `cvmboot pack --uki --kernel ${file}, or QEMU's -kernel ${file}`,
  },
  {
    kind: 'kernel-other',
    is: (probe) => at(56, 'ARM\x64')(probe) || at(48, 'RISCV\0\0\0')(probe),
    name: 'a Linux kernel for another CPU than x86-64',
    use: 'foreign',
    advice: () => 'take the kernel for x86-64',
  },
  {
    kind: 'elf',
    is: ({ head }) => isElf(head),
    name: 'a program, a library or an uncompressed kernel (ELF)',
    use: 'foreign',
    advice: () => 'cvmboot pack takes a kernel as distributions install it: /boot/vmlinuz-RELEASE',
  },
  {
    kind: 'deb',
    is: at(0, '!<arch>\ndebian-binary'),
    name: 'a package of Debian',
    use: 'foreign',
    advice: (file) => `install it where it belongs: apt-get install ${file}`,
  },
  { kind: 'ar', is: at(0, '!<arch>\n'), name: 'an archive of ar', use: 'foreign', advice: nothing },
  {
    kind: 'rpm',
    is: at(0, '\xed\xab\xee\xdb'),
    name: 'a package of RPM',
    use: 'foreign',
    advice: (file) => `install it where it belongs: dnf install ${file}`,
  },
  {
    kind: 'zip',
    is: (probe) => at(0, 'PK\x03\x04')(probe) || at(0, 'PK\x05\x06')(probe),
    name: 'an archive (zip)',
    use: 'convert',
    advice: (file) => `unpack it: unzip ${file}`,
  },
  {
    kind: '7z',
    is: at(0, '7z\xbc\xaf\x27\x1c'),
    name: 'an archive (7z)',
    use: 'convert',
    advice: (file) => `unpack it: 7z x ${file}`,
  },
  { kind: 'tar', is: at(257, 'ustar'), name: 'an archive (tar)', use: 'taken', advice: setupTakes },
  {
    kind: 'age-file',
    is: (probe) =>
      at(0, 'age-encryption.org/v1')(probe) || at(0, '-----BEGIN AGE ENCRYPTED FILE-----')(probe),
    name: 'a file that age encrypted',
    use: 'foreign',
    advice: (file) => `decrypt it: age --decrypt --identity KEY ${file}`,
  },
  ...keyFormats,
  { kind: 'exfat', is: at(3, 'EXFAT   '), name: 'a file system (exFAT)', use: 'foreign', advice: nothing },
  { kind: 'ntfs', is: at(3, 'NTFS    '), name: 'a file system (NTFS)', use: 'foreign', advice: nothing },
  ...[
    ['xfs', 0, 'XFSB'],
    ['btrfs', 65_600, '_BHRfS_M'],
  ].map(
    ([kind, offset, magic]): Format => ({
      kind: `${kind}`,
      is: at(Number(offset), `${magic}`),
      name: `a file system (${kind})`,
      use: 'convert',
      advice: () =>
        'mount it, and pass the directory to cvmboot setup, which takes images of erofs, squashfs and ext4 only',
    }),
  ),
  { kind: 'fat', is: isFatNamed, name: 'a file system (FAT)', use: 'taken', advice: nothing },
  {
    kind: 'mbr',
    is: isMbr,
    name: 'a disk with an MBR partition table and without a GPT',
    use: 'foreign',
    advice: () =>
      'cvmboot setup writes a disk with a GPT, and the boot finds its partitions by that table only',
  },
]

export const formatOf = (probe: Probe): Format | undefined => formats.find(({ is }) => is(probe))
