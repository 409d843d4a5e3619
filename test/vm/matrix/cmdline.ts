// Rows: words on the kernel command line, ours and those of others.

import { type Bench, type Change, parameter, plus, type Row, rootHashName, rootHashOf } from './row.ts'

/** The command line with the root's hash written another way. */
const hashAs =
  (write: (hash: string) => string) =>
  ({ from }: Bench): Change => ({
    cmdline: from.cmdline.replace(rootHashOf(from.cmdline), write(rootHashOf(from.cmdline))),
  })
const without =
  (name: string) =>
  ({ from }: Bench): Change => ({ cmdline: from.cmdline.replace(parameter(from.cmdline, name), '') })
const zeros = '0'.repeat(64)

// A word that cvmboot alone reads is decided by pure functions, and test/tables/cmdline has them all. Here is one boot for
// each code, and each word that the kernel, the loader or Node acts on before cvmboot reads the line.
export const cmdlineRows: readonly Row[] = [
  ['no root hash', 'cmdline-missing', without('cvmboot.roothash.os-config'), /cvmboot\.roothash\.os-config/],
  ['the root hash twice, different', 'cmdline-duplicate', plus(`${rootHashName}=${zeros}`)],
  ['the root hash in upper case', 'cmdline-value', hashAs((hash) => hash.toUpperCase())],
  [
    'quotes around values and whole words, _ for each - in ours, and roothash= with the same hash',
    'boots',
    ({ from }) => ({
      cmdline: `${from.cmdline} roothash=${rootHashOf(from.cmdline)}`.replace(
        /\bcvmboot\.(\S+?)=(\S+)/g,
        (_, name, value) =>
          name === 'roothash.root-fs'
            ? `cvmboot.${name}="${value}"`
            : `"cvmboot.${name.replaceAll('-', '_')}=${value}"`,
      ),
    }),
  ],
  ['roothash= with another hash', 'cmdline-conflict', plus(`roothash=${zeros}`)],
  ['an unknown parameter of ours', 'cmdline-unknown', plus('cvmboot.verify=no'), /cvmboot\.verify/],
  ['a parameter of ours after --', 'cmdline-forbidden', plus('-- cvmboot.on-failure=reboot')],
  ['on-failure=poweroff', 'cmdline-unknown', plus('cvmboot.on-failure=poweroff cvmboot.nonsense')],
  ['on-failure=reboot', 'cmdline-unknown', plus('cvmboot.on-failure=reboot cvmboot.nonsense')],
  ['init=/bin/sh', 'cmdline-forbidden', plus('init=/bin/sh')],
  [
    'a probe that prints a volume key',
    'cmdline-forbidden',
    plus('kprobe_event=p:k,crypto_skcipher_setkey,a=+0(%si):x64,b=+8(%si):x64 tp_printk'),
    /kprobe_event: it prints what is in memory/,
  ],
  [
    'a word that no list has',
    'cmdline-forbidden',
    plus('nosmt'),
    /add nosmt to CMDLINE_WORDS in partition\.conf/,
  ],
  ['NODE_OPTIONS=', 'environment-hostile', plus('NODE_OPTIONS=--require=/x'), /NODE_OPTIONS/],
  [
    'LD_PRELOAD=, GLIBC_TUNABLES=, OPENSSL_CONF= and NODE_DEBUG=',
    'environment-hostile',
    plus('LD_PRELOAD=/x GLIBC_TUNABLES=glibc.malloc.check=3 OPENSSL_CONF=/x NODE_DEBUG=fs'),
    /LD_PRELOAD/,
  ],
  ['a production build outside a confidential VM', 'cvm-absent', () => ({ edition: 'cvmboot' })],
]
