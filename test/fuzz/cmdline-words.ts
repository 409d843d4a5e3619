// The judge of words, against readers that are written anew: no reader of a command line can find more in a line than the judge
// accepted.

import { builtInWords } from '../../src/cmdline/builtin.ts'
import { requiredWords } from '../../src/cmdline/required.ts'
import { type Config, parseConfig } from '../../src/config/config.ts'
import { judgeCmdline } from '../../src/config/verdict.ts'
import { goodCmdline } from '../fake/machine.ts'
import { foreignWords } from '../tables/cmdline/foreign.ts'
import { nextArgs } from './next-arg.ts'
import { mutateText, type Random } from './random.ts'
import { need, type Target, target } from './run.ts'

const listed = ['nosmt', 'printk.devkmsg=on', 'ip=*']
const listing = parseConfig(`CMDLINE_WORDS="${listed.join(' ')}"`)

const nameOf = (word: string): string => word.replace(/(.)=.*/s, '$1').replaceAll('_', '-')

/** All that a shell makes of `for word in $(cat /proc/cmdline)`, and systemd with the quotes taken away as it goes. */
const shellWords = (text: string): string[] => text.split(/[ \t\n]/).filter((word) => word !== '')
const systemdWords = (text: string): string[] => {
  const words: string[] = []
  for (let rest = text.replace(/^[ \t\n\r]+/, ''); rest !== ''; rest = rest.replace(/^[ \t\n\r]+/, '')) {
    const [word = ''] = /^(?:"[^"]*"?|'[^']*'?|[^ \t\n\r"'])*/.exec(rest) ?? []
    words.push(word.replace(/"([^"]*)"?|'([^']*)'?/g, (_, one, two) => one ?? two ?? ''))
    rest = rest.slice(word.length)
  }
  return words
}

const known = (config: Config): ReadonlySet<string> =>
  new Set([
    ...[...builtInWords, ...requiredWords].map(({ name }) => name.replaceAll('_', '-')),
    ...config.cmdlineWords.map(({ name }) => name.replaceAll('_', '-')),
    'roothash',
  ])

/** What an init, a shell or systemd acts on, by the patterns of their own scripts. */
const openers =
  /^(?:break|debug|init=|rdinit=|single$|emergency$|rescue$|[sS1]$|rd[.](?:break|luks)|resume|cryptopts|systemd[.](?:unit|run|mask|wants)|kprobe|tp[-_]printk|trace|kgdb|.*[.]dyndbg)/

/** The last value counts, as for the kernel and systemd. */
const requireProtected = (text: string): void => {
  for (const { name, same } of requiredWords) {
    const last = nextArgs(text).findLast((word) => nameOf(word.name) === name.replaceAll('_', '-'))
    need(last !== undefined && !last.forInit && same.test(last.value ?? ''), `${name} does not hold`)
  }
}

const requireHarmless = (text: string, config: Config): void => {
  const names = known(config)
  const kernel = nextArgs(text)
  need(!kernel.some(({ forInit }) => forInit), 'arguments for the init are accepted')
  requireProtected(text)
  for (const word of [
    ...kernel.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)),
    ...shellWords(text).map((one) => one.replace(/["']/g, '')),
    ...systemdWords(text),
  ]) {
    const name = nameOf(word)
    need(names.has(name) || name.startsWith('cvmboot.'), `${JSON.stringify(word)} is accepted`)
    need(!openers.test(word), `${JSON.stringify(word)} is accepted`)
  }
}

const tokens = [
  ...builtInWords.map(({ name }) => name),
  ...['console=ttyS0', 'quiet', 'panic=-1', 'loglevel=7', 'initrd=initrd', 'root=UUID=1', 'ro', 'rd.shell=0'],
  ...[
    'init_on_free=1',
    'init_on_free=0',
    'init-on-free=off',
    'systemd.swap=0',
    'systemd.swap=1',
    '"systemd.swap=0"',
  ],
  ...[
    'nosmt',
    'ip=dhcp',
    'ip="a b"',
    'ip="x break=top"',
    "ip='a",
    'printk.devkmsg=on',
    '--',
    '"',
    "'",
    ' ',
    '\t',
    '=',
    '\xa0',
  ],
  ...foreignWords,
]

const seeds = [
  goodCmdline,
  `console=ttyS0 panic=-1 quiet ${goodCmdline}`,
  `${goodCmdline} BOOT_IMAGE=/vmlinuz initrd=initrd "loglevel=3" nohibernate`,
]

export const judgeTarget: Target = target<string>({
  name: 'command line, the judge of words',
  cost: 6,
  seeds,
  mutate: (random: Random, seed) => mutateText(random, seed, tokens).replaceAll('\0', ' '),
  check: (text) => {
    let accepted = false
    for (const config of [parseConfig(''), listing])
      for (const pivot of ['own', 'framework'] as const) {
        const fault = judgeCmdline(text, config, pivot)
        need(
          fault === undefined || /^(?:cmdline-|environment-hostile)/.test(fault.code),
          `it says ${fault?.code}`,
        )
        if (fault !== undefined) continue
        accepted = true
        requireHarmless(text, config)
      }
    return accepted
  },
  show: (text) => JSON.stringify(text),
})
