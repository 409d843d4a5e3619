// One row for each parser of text: good inputs, the ways to change them, and the promise that holds for every input.

import { parameters, printParams } from '../../src/cmdline/params.ts'
import { splitCmdline, type Word } from '../../src/cmdline/split.ts'
import { type Config, defaultConfig, parseConfig, printConfig } from '../../src/config/config.ts'
import { configKeys } from '../../src/config/keys.ts'
import { migrateConfig } from '../../src/config/migrate.ts'
import type { Seal } from '../../src/keys/provider.ts'
import { both } from '../../src/keys/second-factor.ts'
import { parseSeal, printSeal, snp } from '../../src/keys/snp.ts'
import { parseTpmSeal, printTpmSeal, type Tpm2KeyPolicy, tpm2 } from '../../src/keys/tpm2.ts'
import { parseCryptTable, printCryptTable } from '../../src/layout/crypt.ts'
import { parseIntegrityTable, printIntegrityStatus } from '../../src/layout/integrity.ts'
import { parseRootHashes, printRootHashes } from '../../src/layout/roothashes.ts'
import { parseSiteBlock, printSite, printSiteBlock, siteBytes } from '../../src/layout/site.ts'
import {
  fixedSalt,
  parseVerityTable,
  printVerityTable,
  type RootHash,
  type Salt,
  type VerityTable,
} from '../../src/layout/verity.ts'
import { detectCvm, detectParavisor } from '../../src/machine/cvm.ts'
import { parseMountinfo, printMountinfo } from '../../src/machine/mountinfo.ts'
import { parseLibraries } from '../../src/pack/libraries.ts'
import { parseState, printState, type State } from '../../src/proof/state.ts'
import { parseManifest, printManifest } from '../../src/system/initramfs.ts'
import { goodCmdline, hashes } from '../fake/machine.ts'
import { changedConfig } from '../with/config-sample.ts'
import { onFailureOf, parseParams } from '../with/params.ts'
import { appraiseTargets } from './appraise.ts'
import { cpioTarget, dmTarget, pageTarget, superblockTargets } from './bytes.ts'
import { judgeTarget } from './cmdline-words.ts'
import { evidenceTargets } from './evidence.ts'
import { fileTargets } from './files.ts'
import { gptTarget } from './gpt.ts'
import { imageTarget } from './image.ts'
import { mutateJson } from './json.ts'
import { luks2Target } from './luks2.ts'
import { measureTargets } from './measure.ts'
import { modulesTarget } from './modules.ts'
import { nextArgs } from './next-arg.ts'
import { mutateText, type Random } from './random.ts'
import { need, orRefused, same, type Target, target } from './run.ts'
import { snpTargets } from './snp.ts'
import { tpmTargets } from './tpm.ts'

type TextRow = {
  readonly name: string
  readonly seeds: readonly string[]
  readonly words: readonly string[]
  readonly mutate?: (random: Random, seed: string) => string
  readonly check: (text: string) => boolean
}

const textTarget = ({ words, mutate, ...row }: TextRow): Target =>
  target<string>({
    ...row,
    cost: 1,
    mutate: mutate ?? ((random, seed) => mutateText(random, seed, words)),
    show: (text) => JSON.stringify(text),
  })

/** A parser that returns undefined for what its printer would not print. */
const exact =
  <T>(parse: (text: string) => T | undefined, print: (value: T) => string) =>
  (text: string): boolean => {
    const found = parse(text)
    if (found === undefined) return false
    same(print(found), text, 'it prints back differently')
    same(parse(print(found)), found, 'printed, it reads differently')
    return true
  }

const cmdlineWords = [
  ...parameters.map(({ name }) => name),
  ...parameters.map(({ name }) => `${name}=1`),
  ...[`roothash=${hashes['root-fs']}`, `cvmboot.roothash.root_fs=${hashes['root-fs']}`, 'roothash'],
  ...['cvmboot.salt.root-fs=-', 'cvmboot.salt.os_config=abcd', 'cvmboot.on-failure=reboot'],
  ...['cvmboot.on_failure=poweroff', 'cvmboot.device-timeout=3600', 'cvmboot', 'cvmboot.x', '--', '"--"'],
  ...['quiet', 'rd.shell=0', 'rd.shell', 'init=/bin/sh', 'systemd.crash_shell=no', 'a="b c"', '"a=b c"', '"'],
  ...['console=ttyS0', 'cvmboot.roothash.root-fs="', '=', '==', hashes['os-config'], '4398046511104', '-'],
]
const cmdlines = [
  goodCmdline,
  `BOOT_IMAGE=/x quiet ${goodCmdline} rd.shell=0 console="ttyS0"`,
  goodCmdline.replace('cvmboot.roothash.root-fs', 'roothash').replaceAll('os-config', 'os_config'),
  `${goodCmdline} cvmboot.salt.root-fs=- cvmboot.on-failure=reboot cvmboot.device-timeout=3600 cvmboot.provision=job-store,workspace`,
  goodCmdline.replace(/(\S+roothash.root-fs=)(\S+)/, '$1"$2"'),
]

// /proc/cmdline is a string of C's: it has no NUL.
const mutateCmdline = (random: Random, seed: string): string =>
  mutateText(random, seed, cmdlineWords).replaceAll('\0', ' ')

/** All that splitting may lose: blanks and quotes. */
const bare = (text: string): string => text.replace(/[\t-\r \xa0"]/g, '')
const printWord = ({ name, value }: Word): string =>
  value === undefined ? `"${name}"` : `${name}="${value}"`
/** Words that can be written in one certain way. */
const isPlain = ({ name, value }: Word): boolean =>
  value === undefined ? !/["=]|^$/.test(name) : !/^=?$|[\t-\r \xa0"]|.=/s.test(name) && !value.includes('"')

const words = textTarget({
  name: 'command line, words',
  seeds: [...cmdlines, `BOOT_IMAGE=/x ro quiet ${goodCmdline} rd.shell=0 a="b c" -- for it`],
  words: cmdlineWords,
  mutate: mutateCmdline,
  check: (text) => {
    const found = splitCmdline(text)
    same(found, nextArgs(text), 'the kernel splits it differently')
    const joined = found.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join(' ')
    same(bare(joined), bare(text), 'splitting loses something')
    const plain = found.filter(isPlain)
    const again = splitCmdline(plain.map(printWord).join(' '))
    same(again.map(printWord), plain.map(printWord), 'printed, it splits differently')
    return true
  },
})

const params = textTarget({
  name: 'command line, parameters',
  seeds: cmdlines,
  words: cmdlineWords,
  mutate: mutateCmdline,
  check: (text) => {
    const how = onFailureOf(text)
    const found = orRefused(/^(?:cmdline-|environment-hostile)/, () => parseParams(text))
    if (found === undefined) return false
    same(parseParams(printParams(found)), found, 'printed, it reads differently')
    same(how, found.onFailure, 'how to end is read in two ways')
    const ours = nextArgs(text)
      .map(({ name }) => name.replaceAll('_', '-'))
      .filter((name) => /^(?:cvmboot(?:[.]|$)|roothash$)/.test(name))
    same(new Set(ours).size, ours.length, 'a parameter given twice is accepted')
    need(
      ours.every((name) => name === 'roothash' || parameters.some((p) => p.name === name)),
      'an unknown parameter is accepted',
    )
    return true
  },
})

const tpmPolicy: Tpm2KeyPolicy = {
  ...tpm2.defaults,
  pcrs: [7, 11],
  srk: `000b${'5a'.repeat(32)}`,
  trust: 'inside',
}
const withTpm: Config = {
  ...defaultConfig,
  keys: {
    workspace: tpmPolicy,
    'job-store': { ...both(snp, tpm2).defaults, second: tpmPolicy },
  },
}
const configWords = [
  ...configKeys.flatMap(({ key, aliases }) => [key, ...aliases]).map((key) => `\n${key}=`),
  ...['ROOT_MOUNT=/mnt/other\n', 'OVERLAYS="/etc  /var"\n', 'TMPFS_MODE=000\n', 'ROOT_FS_SIZE=2048K\n'],
  ...['/', '/tmp', '/mnt/nvflare', '/mnt/nvflare/workspace', '/run', '/a/../b', '/a//b', '"/a /b"', "'", '"'],
  ...[
    '1M',
    '1000K',
    '1024T',
    '1025T',
    '1048576G',
    'required',
    'none',
    'optional',
    'yes',
    'no',
    'true',
    'restart',
    '007',
  ],
  ...['tpm2', 'snp+tpm2', 'inside', 'outside', '"4 9 11"', '11', `000b${'0'.repeat(64)}`],
  ...['CMDLINE_WORDS=nosmt\n', 'CMDLINE_WORDS="a=* b=c"\n', 'kprobe_event=*', '"nosmt ip=*"'],
  ...['# x', '$HOME', '\\', '8002', '9000-9010', '0', '65534', '65535', '7777', '1777'],
]

const conf = textTarget({
  name: 'partition.conf',
  seeds: [
    '',
    printConfig(defaultConfig),
    printConfig(changedConfig),
    printConfig(withTpm),
    'ROOT_MOUNT=\'/mnt/flare\' # base\nOEM_LAUNCHER_SIZE="512M"\nPORTS="8002 8003"\n\nTMPFS_MODE=1777\nOVERLAYS=\'\'\n',
    'TMPFS_MODE=0700\nOVERLAYS="/etc /var"\nSWAP_ENABLED=no\nJOBSTORE_ENCRYPTION=none\nDEVICE=/dev/sdb\n',
  ],
  words: configWords,
  mutate: (random, seed) => {
    const text = mutateText(random, seed, configWords)
    if (!random.once(2)) return text
    // A value of its format where another was, which a change anywhere seldom hits.
    const lines = text.split('\n')
    const at = random.int(lines.length)
    return lines.with(at, (lines[at] ?? '').replace(/=.*/, `=${random.pick(configWords).trim()}`)).join('\n')
  },
  check: (text) => {
    const found = orRefused(/^config-/, () => {
      try {
        return parseConfig(text)
      } catch (thrown) {
        if (thrown instanceof Error)
          need(/ partition\.conf:[1-9]/.test(thrown.message), 'a refusal of no line')
        throw thrown
      }
    })
    if (found === undefined) return false
    same(parseConfig(printConfig(found)), found, 'printed, it reads differently')
    same(parseConfig(text.split('\n').reverse().join('\n')), found, 'the order of its lines decides')
    return true
  },
})

const mountinfo = textTarget({
  name: 'mountinfo',
  seeds: [
    '36 35 98:0 /mnt1 /a\\040b rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n37 35 0:5 / /tmp rw - tmpfs tmpfs rw,noswap\n',
    '22 1 0:20 / / ro,relatime shared:1 - overlay overlay ro,lowerdir=/x\n',
    '38 35 0:50 / /mnt rw - tmpfs - rw\n',
  ],
  words: [
    ' - ',
    '-',
    '\\040',
    '\\055',
    '\\134',
    '\\134040',
    '\\012',
    '\\777',
    '/',
    'rw',
    'tmpfs',
    '0:5',
    'shared:1',
    'a\\b',
  ],
  check: (text) => {
    const found = parseMountinfo(text)
    same(parseMountinfo(printMountinfo(found)), found, 'printed, it reads differently')
    // Fields of proc_pid_mountinfo(5): a line with all of them is a mount. One that is left out may hide another.
    const whole = text
      .split('\n')
      .filter((line) => /^(?:[^ ]+ ){6}(?:[^ -][^ ]* )*- [^ ]+ [^ ]+ [^ ]+$/.test(line))
    need(found.length >= whole.length, 'a mount is left out')
    return found.length > 0
  },
})

const oldConf = textTarget({
  name: 'partition.conf for a shell',
  seeds: [
    printConfig(changedConfig),
    `export ROOT_MOUNT="$\{NVFLARE_ROOT:-/mnt/nvflare}" # base\nJOBSTORE_MOUNT=$\{ROOT_MOUNT}/jobs\nTMPFS_MOUNT=$ROOT_MOUNT/tmp\n`,
    "OEM_LAUNCHER_SIZE='512M'\nJOBSTORE_ENCRYPTION=optional\nSWAP_ENABLED=true\nPORTS=(1 2)\nmkdir -p /x\nTMPFS_SIZE=1G\nTMPFS_SIZE=2G\n",
  ],
  words: [...configWords, 'export ', '$ROOT_MOUNT', '$', '`id`', '$(id)', '(', ')', ':-', "'$X'"],
  check: (text) => {
    const found = orRefused(/^config-/, () => migrateConfig(text))
    if (found === undefined) return false
    const config = parseConfig(found.text)
    same(migrateConfig(found.text).text, found.text, 'migrated once more, it changes')
    need(
      found.notes.every(({ line, why }) => line > 0 && why !== ''),
      'a note of no line, or without a reason',
    )
    const strict = orRefused(/^config-/, () => parseConfig(text))
    if (strict !== undefined) same(config, strict, 'what is ours already means something else afterwards')
    return true
  },
})

const siteRecord = { rootHash: 'ab'.repeat(32) as RootHash, blocks: 256n, salt: fixedSalt('os-config') }

const site = textTarget({
  name: 'site record',
  seeds: [printSite(siteRecord), printSite({ ...siteRecord, blocks: 1n << 42n, salt: '' as Salt })],
  words: ['cvmboot site v1\n', 'volume os-config\n', 'root-hash ', 'blocks ', 'salt ', '-', '0', '\n', '\0'],
  check: (text) => {
    const block = Buffer.alloc(siteBytes)
    block.write(text, 'latin1')
    const record = parseSiteBlock(block)
    if (record === undefined) return false
    same(printSiteBlock(record).toString('hex'), block.toString('hex'), 'printed, it is another record')
    return true
  },
})

const manifest = textTarget({
  name: 'manifest',
  seeds: [
    printManifest([
      { path: '/init', bytes: 125_000_000 },
      { path: '/etc/cvmboot/partition.conf', bytes: 0 },
    ]),
    printManifest([]),
  ],
  words: ['end 0', 'end 1', 'end 2', 'end 3', '\n', '0 /a', '00 /b', '999999999999999 /c', '/init', '1 /a b'],
  check: exact(parseManifest, printManifest),
})

const state: State = {
  edition: 'cvmboot',
  version: '0.1.0',
  node: 'v26.10.0',
  git: 'abc',
  kernel: '6.12',
  cvm: 'tdx',
  keyProvider: 'ephemeral',
  entered: 800,
  started: 900,
  steps: [
    { step: 'load-modules dm_mod', at: 901, milliseconds: 0, evidence: { kind: 'load-modules' } },
    {
      step: 'open-verity root-fs',
      at: 901.3,
      milliseconds: 1.5,
      evidence: {
        kind: 'open-verity',
        volume: 'root-fs',
        protection: 'verity',
        rootHash: 'ab'.repeat(32),
        data: '/dev/vda1',
        tree: '/dev/vda2',
        device: '/dev/dm-0',
        table: '1 …',
      },
    },
    {
      step: 'overlay /etc',
      at: 903,
      milliseconds: 2,
      evidence: { kind: 'overlay', mount: '/etc', over: ['/a'], names: [], writable: 'no' },
    },
    {
      step: 'check-initramfs',
      at: 905,
      milliseconds: 1,
      evidence: { kind: 'check-initramfs', files: 3 },
    },
  ],
}
/** Half with a changed tree, half with changed letters. */
const mutateEither =
  (tokens: readonly string[]) =>
  (random: Random, seed: string): string =>
    random.once(2) ? mutateText(random, seed, tokens) : mutateJson(random, seed)
const jsonWords = [
  '{}',
  '[]',
  'null',
  '"a": 1,',
  '1e400',
  '-0',
  '1.0',
  '"\\u0041"',
  '__proto__',
  ',',
  '0x1',
  'NaN',
]

const stateJson = textTarget({
  name: 'state.json',
  seeds: [printState(state), printState({ ...state, steps: [] })],
  words: jsonWords,
  mutate: mutateEither(jsonWords),
  check: exact(parseState, printState),
})

/** What a provider reads of a token, once the header's own parser took it for short texts. */
const sealIn = <T>(text: string, parse: (sealed: Seal) => T | undefined): T | undefined => {
  try {
    const tree: unknown = JSON.parse(text)
    const isTexts =
      typeof tree === 'object' &&
      tree !== null &&
      Object.values(tree).every((value) => typeof value === 'string')
    return isTexts ? parse(tree as Seal) : undefined
  } catch {
    return undefined
  }
}
const someSeal = { root: 'vcek', vmpl: 1, guestSvn: 7, tcb: 0xd415000000000104n } as const

const seals = textTarget({
  name: 'seal',
  seeds: [
    JSON.stringify(printSeal(someSeal, 'measurement')),
    JSON.stringify(printSeal({ ...someSeal, root: 'vlek' }, 'id-block')),
  ],
  words: ['"41"', '"55"', 'vlek', 'id-block', '"4294967295"', '"0x7"', '"07"', ' ', 'ffffffffffffffff'],
  mutate: mutateEither(['"41"', '"55"', '"vlek"', '"id-block"', '"4294967295"', '"0x7"', '"07"', '"4"']),
  check: (text) => {
    const found = sealIn(text, parseSeal)
    if (found !== undefined)
      same(printSeal(found.seal, found.binding), JSON.parse(text), 'it prints back differently')
    return found !== undefined
  },
})

const someTpmSeal = {
  srk: `000b${'5a'.repeat(32)}`,
  pcrs: [4, 9, 11, 12],
  public: Buffer.from('public'),
  private: Buffer.from('private!'),
  ticket: Buffer.alloc(0),
}

const tpmSeals = textTarget({
  name: 'TPM seal',
  seeds: [
    JSON.stringify(printTpmSeal(someTpmSeal)),
    JSON.stringify(printTpmSeal({ ...someTpmSeal, pcrs: [11] })),
  ],
  words: ['"11"', '"4.9"', '000b', 'srk', '"NaN"', '"04.9"', '=', '=='],
  mutate: mutateEither(['"11"', '"4.9"', '"NaN"', '"04.9"', '"cHViCg"', '"cHViCg=="', '""', '"-1"']),
  check: (text) => {
    const found = sealIn(text, parseTpmSeal)
    if (found !== undefined) same(printTpmSeal(found), JSON.parse(text), 'it prints back differently')
    return found !== undefined
  },
})

const place = { partuuid: '00112233-4455-6677-8899-aabbccddeeff', bytes: 4096 }
const rootHashes = textTarget({
  name: 'roothashes.json',
  seeds: [
    printRootHashes({
      'root-fs': {
        roothash: hashes['root-fs'],
        salt: 'abcd' as Salt,
        fileSystem: 'erofs',
        data: place,
        tree: place,
      },
      workspace: { data: place },
    }),
    printRootHashes({}),
  ],
  words: jsonWords,
  mutate: mutateEither(jsonWords),
  check: exact(parseRootHashes, printRootHashes),
})

const table: VerityTable = {
  data: '254:1',
  tree: '254:2',
  blocks: 1000n,
  rootHash: hashes['root-fs'] as RootHash,
  salt: 'abcd' as Salt,
  onCorruption: 'fail',
  onError: false,
}
const verity = textTarget({
  name: 'dm-verity table',
  seeds: [
    printVerityTable(table),
    printVerityTable({ ...table, salt: '' as Salt, onCorruption: 'panic', onError: true }),
    printVerityTable({ ...table, onCorruption: 'restart' }),
  ],
  words: [
    ...['1', '2', '-', '4096', '0:0', '00:1', 'sha256', hashes['os-config'], 'ignore_zero_blocks'],
    ...['panic_on_corruption', 'restart_on_corruption', 'panic_on_error', 'restart_on_error'],
  ],
  check: exact(parseVerityTable, printVerityTable),
})

const crypt = textTarget({
  name: 'dm-crypt table',
  seeds: (['xts', 'xts-hmac'] as const).map((profile) =>
    printCryptTable({ profile, data: '254:3', key: 'cvmboot:workspace', offset: 2048n }),
  ),
  words: [
    '0',
    '1',
    ':64:logon:',
    'cvmboot:job-store',
    '0:0',
    '999:1',
    '2048',
    'integrity:32:aead',
    'sector_size:4096',
    'allow_discards',
    '2',
  ],
  check: exact(parseCryptTable, printCryptTable),
})

const integrity = textTarget({
  name: 'dm-integrity table',
  seeds: [2, 62].map((journalSections) =>
    printIntegrityStatus({ data: '254:3', offset: 4096n, journalSections }),
  ),
  words: [
    '0',
    ' J ',
    ' D ',
    '0:0',
    '2048',
    'journal_sectors:528',
    'recalculate',
    'allow_discards',
    ' 32 ',
    ' 7 ',
    ' 8 ',
  ],
  check: exact(parseIntegrityTable, printIntegrityStatus),
})

const cpuinfo = textTarget({
  name: 'cpuinfo',
  seeds: ['processor\t: 0\nflags\t\t: fpu vme tdx_guest sse\n\nprocessor\t: 1\nflags\t\t: fpu tdx_guest\n'],
  words: ['flags', 'tdx_guest', ':', '\n', 'flags\t: tdx_guest', 'tdx_guest2'],
  check: (text) => {
    need(detectCvm({ cpuinfo: text, sevGuest: true }) === 'sev-snp', 'what the kernel registered is not seen')
    const found = detectCvm({ cpuinfo: text, sevGuest: false })
    need(found === undefined || (found === 'tdx' && /\btdx_guest\b/.test(text)), `${found} out of nothing`)
    return found !== undefined
  },
})

const isolation = textTarget({
  name: 'isolation of Hyper-V',
  seeds: [
    'tsc: Detected\nHyper-V: Isolation Config: Group A 0x1, Group B 0xba2\n',
    'Hyper-V: Isolation Config: Group A 0x1, Group B 0x3',
  ],
  words: ['Hyper-V: Isolation Config: ', 'Group A 0x1', ', Group B 0x2', '0x', '\n', 'ffffffff', '0x0'],
  check: (text) => {
    const found = detectParavisor(text.split('\n'))
    need(found === undefined || /^Hyper-V: Isolation Config: /m.test(text), 'a paravisor out of nothing')
    return found !== undefined
  },
})

const libraries = textTarget({
  name: 'ld.so --list',
  seeds: [
    '\tlinux-vdso.so.1 (0x00007ffc)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n',
  ],
  words: [
    '=>',
    'not found',
    '(0x0)',
    '/opt/x.so',
    '/usr/lib/y.so',
    '\tz => /lib/z (0x1)\n',
    '\tq => not found\n',
  ],
  check: (text) => {
    const found = orRefused(/^pack-input$/, () => parseLibraries(text, '/init'))
    need(found?.every((path) => /^\/(?:usr\/)?lib(?:64)?\/\S+$/.test(path)) ?? true, `${found?.join()}`)
    return found !== undefined
  },
})

export const targets: readonly Target[] = [
  ...[
    words,
    params,
    judgeTarget,
    conf,
    oldConf,
    gptTarget(512),
    gptTarget(4096),
    dmTarget,
    mountinfo,
    site,
    manifest,
    stateJson,
  ],
  ...[
    rootHashes,
    verity,
    crypt,
    integrity,
    modulesTarget,
    cpioTarget,
    pageTarget,
    cpuinfo,
    isolation,
    libraries,
  ],
  ...snpTargets,
  ...tpmTargets,
  seals,
  tpmSeals,
  luks2Target,
  imageTarget,
  ...fileTargets,
  ...superblockTargets,
  ...measureTargets,
  ...appraiseTargets,
  ...evidenceTargets,
]
