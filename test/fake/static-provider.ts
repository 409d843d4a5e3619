// A key provider that is one file: `KEY=static` takes its secret from the measured partition.conf, where everybody reads it.
// No executable has this provider. A test adds it to the list of an edition, and changes nothing else.

import { createHash } from 'node:crypto'
import { family, type Reason, type Volume } from '../../src/fault/family.ts'
import { failOf } from '../../src/fault/index.ts'
import type { LastingFields } from '../../src/keys/policy.ts'
import type { LastingProvider } from '../../src/keys/provider.ts'
import { Secret } from '../../src/secret/secret.ts'

type StaticPolicy = LastingFields<'static'> & { readonly word: string }

declare module '../../src/keys/policy.ts' {
  interface Policies {
    readonly static: StaticPolicy
  }
}

/** What `check` asks for stands for a device that a real provider needs. */
const device = '/sys/class/static'

const fail = failOf(
  family({
    title: 'Keys from partition.conf',
    exit: 99,
    rows: {
      'static-none': {
        cannot: (d: Volume) => `make a key by static for ${d.volume}: there is no ${device}`,
        advice: 'start the VM with one',
      },
    },
  }),
)

const failSeal = failOf(
  family({
    title: 'Seals of keys from partition.conf',
    exit: 98,
    about: 'header',
    rows: {
      'static-word': {
        cannot: (d: Volume & Reason) => `open ${d.volume}: ${d.reason}`,
        advice: 'set STATIC_WORD to the word that the volume was made with',
      },
    },
  }),
)

const digestOf = (word: string): Buffer => createHash('sha256').update(word).digest()

export const staticProvider: LastingProvider<StaticPolicy> = {
  name: 'static',
  about: 'of partition.conf',
  defaults: { provider: 'static', binding: 'measurement', blank: 'format', word: 'xyzzy' },
  bindings: ['measurement'],
  settings: [
    {
      key: 'STATIC_WORD',
      expected: 'lower-case letters',
      sample: 'xyzzy',
      read: (text, policy) => (/^[a-z]+$/.test(text) ? { ...policy, word: text } : undefined),
      print: ({ word }) => word,
    },
  ],
  notAlone: () => undefined,
  print: ({ word }) => [`word=${word}`],
  lacks: ({ volume }, { names }) =>
    names('/sys/class').includes('static') ? undefined : fail('static-none', { volume }).fault,
  closing: ['close-tee'],
  evidence: () => ({}),
  isSeal: ({ static: seal }) => /^[0-9a-f]{64}$/.test(seal?.['digest'] ?? ''),
  create: async ({ policy: { word } }) => ({
    secret: new Secret(digestOf(word)),
    sealed: { static: { digest: digestOf(digestOf(word).toString('hex')).toString('hex') } },
  }),
  recover: async ({ volume, policy: { word } }, _, { static: seal }) => {
    if (seal?.['digest'] !== digestOf(digestOf(word).toString('hex')).toString('hex'))
      throw failSeal('static-word', { volume, reason: 'it was made with another word' })
    return { secret: new Secret(digestOf(word)), age: 'current' }
  },
}
