// Files that a person names, or that come with an image: programs, keys, names of images, notes of an installation.

import { createPrivateKey } from 'node:crypto'
import { BootFault } from '../../src/fault/index.ts'
import { parseRecord, printRecord } from '../../src/install/record.ts'
import { parseIdentity, printIdentity } from '../../src/owner/identity.ts'
import { releaseOfKernel } from '../../src/pack/bzimage.ts'
import { parseOsRelease, printOsRelease } from '../../src/pack/os-release.ts'
import { parsePe, withoutTime } from '../../src/pack/pe.ts'
import { Secret } from '../../src/secret/secret.ts'
import { efiProgram } from '../with/efi-program.ts'
import { mutateBytes, mutateText } from './random.ts'
import { hexOf, need, same, target } from './run.ts'

const show = (bytes: Uint8Array): string => `${bytes.length} bytes:\n${hexOf(bytes)}`

const program = efiProgram([
  { name: '.text', bytes: 300, stored: 512 },
  { name: '.cmdline', bytes: 40, stored: 512 },
])
const signature = 0x80

const peTarget = target<Uint8Array>({
  name: 'EFI program',
  cost: 1,
  seeds: [program, efiProgram([{ name: '.linux', bytes: 4096, stored: 512 }])],
  mutate: (random, seed) =>
    mutateBytes(random, seed, [
      0x3c,
      signature,
      signature + 6,
      signature + 20,
      0xd0,
      0x188,
      0x190,
      0x194,
      0x198,
    ]),
  check: (bytes) => {
    const head = Buffer.from(bytes)
    const found = parsePe(head, head.length)
    if (typeof found === 'string') return false
    for (const { name, offset, stored, address, bytes: loaded } of found.sections) {
      need(offset + stored <= head.length, `section ${name} ends after the file`)
      need(address + loaded <= found.end, `section ${name} ends after the last one`)
    }
    same(parsePe(withoutTime(head), head.length), found, 'without its time it reads differently')
    return true
  },
  show,
})

const kernelHead = Buffer.alloc(0x3400)
kernelHead.write('MZ', 0, 'latin1')
kernelHead.write('HdrS', 0x202, 'latin1')
kernelHead.writeUInt16LE(0x3000, 0x20e)
kernelHead.write('6.12.5-amd64 (builder) #1\0', 0x3200, 'latin1')

const kernelTarget = target<Uint8Array>({
  name: 'kernel image',
  cost: 1,
  seeds: [kernelHead],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 0x202, 0x20e, 0x3200]),
  check: (bytes) => {
    const found = releaseOfKernel(Buffer.from(bytes))
    need(found === undefined || /^[!-~]{1,64}$/.test(found), `release ${found}`)
    return found !== undefined
  },
  show,
})

const osReleaseWords = ['NAME=', 'ID="a b"', "X='$'", '"', "'", '\\', '$', '#', '\n', 'IMAGE_ID=a', '`']

const osReleaseTarget = target<string>({
  name: 'os-release',
  cost: 1,
  seeds: ['ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n# x\n\nHOME_URL=https://a/\n', "A='b c'\n"],
  mutate: (random, seed) => mutateText(random, seed, osReleaseWords),
  check: (text) => {
    const found = parseOsRelease(text)
    if (typeof found === 'string') return false
    same(parseOsRelease(printOsRelease(found)), found, 'printed, it reads differently')
    return true
  },
  show: (text) => JSON.stringify(text),
})

const sha256 = 'ab'.repeat(32)
const record = printRecord({
  files: new Map([
    ['/usr/sbin/cvmboot', { kind: 'file', mode: 0o755, sha256 }],
    ['/usr/lib/systemd/system/a.wants/b', { kind: 'link', mode: 0o777, sha256 }],
  ]),
  directories: ['/etc/cvmboot', '/var/lib/cvmboot'],
})

const recordTarget = target<string>({
  name: 'record of an installation',
  cost: 1,
  seeds: [record],
  mutate: (random, seed) =>
    mutateText(random, seed, [
      'file',
      'link',
      'directory',
      '/..',
      '/./a',
      '//',
      '755',
      sha256,
      'end 4',
      '\n',
    ]),
  check: (text) => {
    const found = parseRecord(text)
    if (found === undefined) return false
    const paths = [...found.files.keys(), ...found.directories]
    need(
      paths.every((path) => path.startsWith('/') && !path.split('/').includes('..')),
      'a path that leads out of its root',
    )
    same(parseRecord(printRecord(found)), found, 'printed, it reads differently')
    return true
  },
  show: (text) => JSON.stringify(text),
})

const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), Buffer.alloc(32, 7)])
const identity = printIdentity(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).bytes

const identityTarget = target<Uint8Array>({
  name: 'private key of an owner',
  cost: 20,
  seeds: [identity],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 77, 78, 93, 100]),
  check: (bytes) => {
    try {
      return parseIdentity(new Secret(Buffer.from(bytes)), 'owner.key').publicKey.text !== ''
    } catch (thrown) {
      if (!(thrown instanceof BootFault)) throw thrown
      need(thrown.fault.code === 'owner-identity', `refused with ${thrown.fault.code}`)
      return false
    }
  },
  show,
})

export const fileTargets = [peTarget, kernelTarget, osReleaseTarget, recordTarget, identityTarget]
