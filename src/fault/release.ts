// Refusals of a grant: the key of a volume that came from outside.

import { family, type Reason, type Volume } from './family.ts'

export const release = family({
  title: 'A grant of a key',
  exit: 36,
  advice: 'have the owner of the volume grant the key anew, for this boot',
  rows: {
    'release-carrier': {
      cannot: (d: { readonly port: string } & Reason) => `ask for a key over the port ${d.port}: ${d.reason}`,
      advice: 'start the VM with a virtio-serial port of this name, and the relay on the host',
    },
    'release-none': {
      cannot: (d: { readonly volumes: string; readonly seconds: number }) =>
        `open ${d.volumes}: no grant came within ${d.seconds} s`,
      advice: "look at the relay on the host and at the owner's machine; RELEASE_TIMEOUT gives them longer",
    },
    'release-flood': {
      cannot: (d: Reason) => `go on waiting for a grant: the relay sent ${d.reason}`,
      advice: 'find out what the relay on the host sends',
    },
    'release-format': { cannot: (d: Reason) => `read a grant: ${d.reason}` },
    'release-key': {
      cannot: () =>
        'unwrap a grant: it is wrapped to another key, is for another boot, or was changed on its way',
    },
    'release-signature': {
      cannot: () => 'take a grant: the owner whose key is RELEASE_OWNER did not sign it',
      advice:
        'find out who sent the grant; the owner signs with the private key that belongs to RELEASE_OWNER',
    },
    'release-volume': {
      cannot: (d: { readonly found: string; readonly asked: string }) =>
        `take a grant for ${d.found}: this boot asks for ${d.asked}`,
    },
    'release-scope': {
      cannot: (d: Volume & Reason) => `take a grant for ${d.volume}: ${d.reason}`,
      advice: 'have the owner approve this image at this site, and grant the key anew',
    },
    'release-sequence': {
      cannot: (d: Volume & { readonly found: number; readonly least: number }) =>
        `take a grant for ${d.volume}: its sequence number is ${d.found}, and the volume remembers ${d.least}`,
      advice: 'have the owner grant the key with a number that is not smaller',
    },
  },
})
