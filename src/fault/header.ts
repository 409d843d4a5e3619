// Refusals of a LUKS2 header on the disk. Each row says what is wrong with the header, and all rows share one sentence.

import { family, type Reason, type Volume } from './family.ts'

export const refused = (d: Volume & Reason) => `accept the LUKS2 header of ${d.volume}: ${d.reason}`

const attach = 'attach the right disk, or restore this one'

export const header = family({
  title: 'The header of a volume whose key lasts',
  exit: 23,
  about: 'header',
  advice: 'the disk was changed, or another tool formatted it with other options; restore it',
  rows: {
    'header-blank': {
      cannot: refused,
      means:
        'nothing but zeros is where the header belongs, and the configuration does not let the boot format',
      advice: 'attach the right disk, or allow the volume to be formatted',
    },
    'header-foreign': {
      cannot: refused,
      means: 'something other than a LUKS2 header lies there',
      advice: 'attach the right disk, or erase its first MiB if nothing on it is needed',
    },
    'header-version': { cannot: refused, means: 'the version of LUKS is not 2' },
    'header-size': { cannot: refused, means: 'the header is longer or shorter than a header of cvmboot' },
    'header-checksum': {
      cannot: refused,
      means: 'a copy of the header does not have its own checksum',
      advice: attach,
    },
    'header-copies': { cannot: refused, means: 'the two copies of the header differ', advice: attach },
    'header-binary': { cannot: refused, means: 'a binary field has another value than cvmboot writes' },
    'header-label': {
      cannot: refused,
      means: 'the label is not the name of the volume, or the subsystem is not empty',
    },
    'header-uuid': { cannot: refused, means: 'the UUID is not a UUID in lower case' },
    'header-json': { cannot: refused, means: 'the JSON text is not as cvmboot writes it' },
    'header-keyslot': { cannot: refused, means: 'the keyslots are not as cvmboot writes them' },
    'header-keyslot-cipher': {
      cannot: refused,
      means: 'a keyslot is encrypted with another cipher, or a key of another size',
    },
    'header-area': { cannot: refused, means: 'the area of a keyslot lies in another place' },
    'header-kdf': { cannot: refused, means: 'a keyslot derives its key in another way' },
    'header-af': { cannot: refused, means: 'a keyslot splits its key in another way' },
    'header-digest': { cannot: refused, means: 'the digest of the volume key is made in another way' },
    'header-segment': { cannot: refused, means: 'the data lies in another place, or has another size' },
    'header-cipher': { cannot: refused, means: 'the data has another cipher' },
    'header-integrity': {
      cannot: refused,
      means: 'the data has tags of dm-integrity and should have none, or the reverse',
      advice: 'the disk was changed, or the configuration asks for the other profile; restore it',
    },
    'header-token': { cannot: refused, means: 'a token is missing, or is not as cvmboot writes it' },
    'header-flags': { cannot: refused, means: 'the header asks for flags that cvmboot does not set' },
    'header-requirements': {
      cannot: refused,
      means: 'the header asks for features that cvmboot does not use',
    },
    'header-generation': {
      cannot: refused,
      means: 'the header is older than the one that a memory outside the disk remembers',
      advice: 'an older state of the disk was put back; attach its newest',
    },
    'header-extent': {
      cannot: refused,
      means: 'the data is longer or shorter than the partition has room for',
      advice: 'give its partition the size that it was made with, or attach the right disk',
    },
    'header-owner': {
      cannot: refused,
      means: 'the second keyslot is for another owner than JOBSTORE_OWNER',
      advice: 'set JOBSTORE_OWNER to the owner that the volume was made for, or attach the right disk',
    },
    'header-mac': {
      cannot: refused,
      means: 'the MAC does not prove the header to the key of this volume',
      advice: 'another volume, another launch or another hand made it; attach the right disk',
    },
    'header-key': {
      cannot: refused,
      means: 'the keyslot does not open with the key of this launch',
      advice: 'another launch made it; attach the right disk, or have the owner open it',
    },
  },
})
