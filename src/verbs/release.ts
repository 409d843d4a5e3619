// The verb `release`, a family of verbs of an owner who gives keys to VMs: their options and words.

import type { CryptName } from '../layout/layout.ts'
import { judging } from './table/shared.ts'
import { type Family, verb } from './table/verb.ts'

const volumeNames = ['workspace', 'job-store'] satisfies CryptName[]

const keygen = verb({
  about: 'make a key that signs grants',
  text: [
    'Makes an Ed25519 key pair. Writes the private key, in PEM, to a new file that only you can read, and prints the public key for RELEASE_OWNER of partition.conf. The private key opens every volume of every image with that RELEASE_OWNER, together with the secrets of the volumes; keep a copy.',
  ],
  options: {
    output: { kind: 'file', value: 'FILE', need: 'required', help: 'The new file for the private key.' },
    recipient: {
      kind: 'text',
      value: 'AGE-KEY',
      need: { otherwise: 'the file is not encrypted' },
      help: 'Encrypt the file for this age public key (age1...), as cvmboot owner keygen prints one.',
    },
  },
  words: {},
  run: async (given) => {
    const { keygen } = await import('../release/make.ts')
    keygen(given)
  },
})

const secret = verb({
  about: 'draw the secret of a volume',
  text: [
    'Draws 32 random bytes, the secret from which a VM derives the keys of a volume, and writes the secret to a new file, encrypted with age. Whoever loses the secret loses the volume; keep a copy.',
  ],
  options: {
    recipient: {
      kind: 'text',
      value: 'AGE-KEY',
      need: 'required',
      help: 'Encrypt the secret for this age public key (age1...), as cvmboot owner keygen prints one.',
    },
    volume: {
      kind: 'choice',
      words: volumeNames,
      need: { default: 'workspace' },
      help: 'The volume of the secret.',
    },
    output: { kind: 'file', value: 'FILE', need: 'required', help: 'The new file for the secret.' },
  },
  words: {},
  run: async (given) => {
    const { drawSecret } = await import('../release/make.ts')
    drawSecret(given)
  },
})

const grant = verb({
  about: 'judge evidence, and grant the key of a volume to that boot',
  text: [
    'Judges the evidence that a boot sent with its request for a key, as cvmboot appraise does, and prints one line a check. Where each check passes, writes a grant to a new file: the secret of a volume, signed by your key and wrapped to the key of that boot. Writes no grant where a check fails. The policy has no say in three things: the report has to be of VMPL 0, the manifest has to predict the launch, and the statement has to name a key.',
    'The page docs/reference/grant.md describes the grant.',
  ],
  options: {
    manifest: {
      kind: 'file',
      value: 'FILE',
      need: 'required',
      help: 'Accept the launches that this manifest of cvmboot measure predicts.',
    },
    ...judging,
    key: {
      kind: 'file',
      value: 'FILE',
      need: 'required',
      help: 'Your signing key: a file of cvmboot release keygen.',
    },
    secret: {
      kind: 'file',
      value: 'FILE',
      need: 'required',
      help: 'The secret of the volume: a file of cvmboot release secret.',
    },
    identity: {
      kind: 'file',
      value: 'FILE',
      need: 'required',
      help: 'The age identity that decrypts the secret, and the signing key where that is encrypted.',
    },
    volume: {
      kind: 'choice',
      words: volumeNames,
      need: { default: 'workspace' },
      help: 'The volume to grant.',
    },
    sequence: {
      kind: 'text',
      value: 'NUMBER',
      need: { default: '1' },
      help: 'The number of the grant. Once a volume was opened with a number, no grant with a smaller number opens the volume.',
    },
    'not-after': {
      kind: 'text',
      value: 'DATE',
      need: 'required',
      help: 'The end of your approval: 2026-12-31, or 2026-12-31T12:00:00Z. The VM only shows this date, because the host sets the clock of the VM.',
    },
    'any-site': {
      kind: 'flag',
      help: 'Let the grant hold at each site. Without this option the grant holds for the HOSTDATA or MRCONFIGID of the report.',
    },
    output: { kind: 'file', value: 'FILE', need: 'required', help: 'The new file for the grant.' },
  },
  words: {
    evidence: {
      kind: 'file',
      value: 'EVIDENCE',
      need: 'required',
      help: 'The evidence that the boot sent.',
    },
  },
  run: async (given) => {
    const { grant } = await import('../release/grant.ts')
    await grant(given)
  },
})

const relay = verb({
  about: 'carry the request of a boot and the grants between a VM and a directory',
  text: [
    'Runs on the host, beside the VM, whose port of virtio-serial QEMU has on a socket. Writes the evidence of the boot to evidence.json in the directory, waits for VOLUME.grant of each volume that the boot asks for, sends the grants, and ends. The host is trusted with none of this: a grant is signed by the owner and wrapped to the key of one boot.',
  ],
  options: {
    socket: {
      kind: 'file',
      value: 'PATH',
      need: 'required',
      help: 'The socket of the port org.cvmboot.release: path of -chardev socket,...,server=on,wait=off.',
    },
    directory: {
      kind: 'directory',
      value: 'DIR',
      need: 'required',
      help: 'The directory for evidence.json and VOLUME.grant. A grant that lies there before the boot asks is not sent.',
    },
  },
  words: {},
  run: async (given) => {
    const { relay } = await import('../release/relay.ts')
    await relay(given)
  },
})

export const release: Family = {
  kind: 'family',
  about: "the owner's side of KEY=release: make keys and secrets, grant them to a VM",
  text: [
    'These verbs are for the owner of the data, who runs them on a machine of their own. Only relay runs on the host of the VM.',
  ],
  verbs: { keygen, secret, grant, relay },
}
