// Files with keys. Their first lines tell the kind of key; no key is ever printed. Pure.

import type { Format, Probe } from './format.ts'

/** The first line that is no comment: age-keygen and OpenSSL may write comments before the key. */
const firstLine = ({ head }: Probe): string =>
  head
    .toString('latin1', 0, 4096)
    .replace(/^\xef\xbb\xbf/, '')
    .split(/\r?\n/)
    .find((line) => line.trim() !== '' && !line.startsWith('#')) ?? ''

const pem = (kind: string, label: RegExp, name: string, advice: Format['advice']): Format => ({
  kind,
  name,
  use: 'taken',
  advice,
  is: (probe) => {
    const [, found] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(probe.head.toString('latin1', 0, 4096)) ?? []
    return found !== undefined && label.test(found)
  },
})

const keepSecret = 'never put it into the VM, or into an image'

export const keyFormats: readonly Format[] = [
  {
    kind: 'age-identity',
    is: (probe) => /^AGE-(?:SECRET-KEY|PLUGIN)-/i.test(firstLine(probe)),
    name: "an owner's private key (age identity)",
    use: 'taken',
    advice: (file) => `cvmboot owner open --identity ${file}; ${keepSecret}`,
  },
  {
    kind: 'age-recipient',
    is: (probe) => /^age1[a-z0-9]{20,}$/.test(firstLine(probe).trim()),
    name: "an owner's public key (age recipient)",
    use: 'taken',
    advice: () => 'JOBSTORE_OWNER of partition.conf takes it',
  },
  pem(
    'private-key',
    /PRIVATE KEY$/,
    'a private key (PEM)',
    (file) =>
      `cvmboot owner open --identity ${file} for a job-store, --secureboot-private-key ${file} of cvmboot pack --uki for an image; ${keepSecret}`,
  ),
  pem(
    'certificate',
    /CERTIFICATE$/,
    'a certificate (PEM)',
    (file) => `cvmboot pack --uki --secureboot-certificate ${file}`,
  ),
  pem(
    'public-key',
    /PUBLIC KEY$/,
    'a public key (PEM)',
    () => 'JOBSTORE_OWNER of partition.conf takes one of RSA',
  ),
  {
    ...pem('pem', /./, 'a text with a key or a certificate (PEM)', () => ''),
    use: 'foreign',
  },
]
