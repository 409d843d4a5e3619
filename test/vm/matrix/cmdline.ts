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

export const cmdlineRows: readonly Row[] = [
  ['no root hash', 'cmdline-missing', without('cvmboot.roothash.os-config'), /cvmboot\.roothash\.os-config/],
  ['no word against credentials of the host', 'cmdline-missing', without('systemd.import_credentials')],
  [
    'the root hash twice, equal',
    'cmdline-duplicate',
    (b) => plus(parameter(b.from.cmdline, rootHashName))(b),
  ],
  ['the root hash twice, different', 'cmdline-duplicate', plus(`${rootHashName}=${zeros}`)],
  ['the root hash twice, once with _', 'cmdline-duplicate', plus(`cvmboot.roothash.root_fs=${zeros}`)],
  ['the root hash in upper case', 'cmdline-value', hashAs((hash) => hash.toUpperCase())],
  ['the root hash too short', 'cmdline-value', hashAs((hash) => hash.slice(1))],
  ['the root hash too long', 'cmdline-value', hashAs((hash) => `${hash}0`)],
  ['the root hash in quotes', 'boots', hashAs((hash) => `"${hash}"`)],
  [
    'quotes around the whole word, and _ for each - in ours',
    'boots',
    ({ from }) => ({
      cmdline: from.cmdline.replace(
        /\bcvmboot\.(\S+?)=(\S+)/g,
        (_, name, value) => `"cvmboot.${name.replaceAll('-', '_')}=${value}"`,
      ),
    }),
  ],
  ['roothash= with the same hash', 'boots', (b) => plus(`roothash=${rootHashOf(b.from.cmdline)}`)(b)],
  ['roothash= with another hash', 'cmdline-conflict', plus(`roothash=${zeros}`)],
  ['an unknown parameter of ours', 'cmdline-unknown', plus('cvmboot.verify=no'), /cvmboot\.verify/],
  ['an unknown parameter of ours in quotes', 'cmdline-unknown', plus('"cvmboot.verity=no thanks"')],
  ['a parameter of ours after --', 'cmdline-forbidden', plus('-- cvmboot.on-failure=reboot')],
  ['on-failure=poweroff', 'cmdline-unknown', plus('cvmboot.on-failure=poweroff cvmboot.nonsense')],
  ['on-failure=reboot', 'cmdline-unknown', plus('cvmboot.on-failure=reboot cvmboot.nonsense')],
  ['init=/bin/sh', 'cmdline-forbidden', plus('init=/bin/sh')],
  ['single', 'cmdline-forbidden', plus('single')],
  ['emergency', 'cmdline-forbidden', plus('emergency')],
  ['rd.break', 'cmdline-forbidden', plus('rd.break=pre-mount')],
  ['resume=', 'cmdline-forbidden', plus('resume=/dev/vda1')],
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
  ['init_on_free=0 behind init_on_free=1', 'cmdline-forbidden', plus('init_on_free=0')],
  ['NODE_OPTIONS=', 'environment-hostile', plus('NODE_OPTIONS=--require=/x'), /NODE_OPTIONS/],
  ['NODE_DEBUG=', 'environment-hostile', plus('NODE_DEBUG=fs')],
  ['LD_PRELOAD=', 'environment-hostile', plus('LD_PRELOAD=/x'), /LD_PRELOAD/],
  ['OPENSSL_CONF=', 'environment-hostile', plus('OPENSSL_CONF=/x')],
  ['GLIBC_TUNABLES=', 'environment-hostile', plus('GLIBC_TUNABLES=glibc.malloc.check=3')],
  ['a production build outside a confidential VM', 'cvm-absent', () => ({ edition: 'cvmboot' })],
]
