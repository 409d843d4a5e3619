// The verbs for people, and the one function that runs them. The entry loads this file on use: a boot needs none of it.

import type { Edition } from '../edition.ts'
import { fail } from '../fault/index.ts'
import { didYouMean } from '../fault/nearest.ts'
import { printVersion, printVersionJson } from '../version.ts'

type Loaded = {
  readonly run: (args: readonly string[], edition: Edition) => Promise<void>
  readonly help: string
}
type Verb = { readonly about: string; readonly load: () => Promise<Loaded> }

/** Help, man pages and completions list them too. */
export const verbs: Readonly<Record<string, Verb>> = {
  setup: {
    about: 'lay out a disk: images, verity trees, partitions, root hashes',
    load: async () => {
      const { setup, setupHelp } = await import('../setup/setup.ts')
      return { run: setup, help: setupHelp }
    },
  },
  pack: {
    about: 'pack the initramfs, or a unified kernel image',
    load: async () => {
      const { pack, packHelp } = await import('../pack/verb.ts')
      return { run: pack, help: packHelp }
    },
  },
  plan: {
    about: 'print what a boot would do, step by step',
    load: async () => {
      const { plan, planHelp } = await import('../plan/verb.ts')
      return { run: plan, help: planHelp }
    },
  },
  inspect: {
    about: 'say what a disk or a header claims to be, and why it would be refused',
    load: async () => {
      const { inspect, inspectHelp } = await import('../inspect/inspect.ts')
      return { run: inspect, help: inspectHelp }
    },
  },
  status: {
    about: 'say what this machine runs from, and whether it is healthy',
    load: async () => {
      const { status, statusHelp } = await import('../runtime/status.ts')
      return { run: status, help: statusHelp }
    },
  },
  verify: {
    about: 'compare what runs with what was measured',
    load: async () => {
      const { verify, verifyHelp } = await import('../runtime/verify.ts')
      return { run: verify, help: verifyHelp }
    },
  },
  report: {
    about: 'draw how this machine booted, and why it can be trusted',
    load: async () => {
      const { report, reportHelp } = await import('../runtime/report.ts')
      return { run: report, help: reportHelp }
    },
  },
  check: {
    about: 'look whether this machine is fit for a configuration',
    load: async () => {
      const { check, checkHelp } = await import('../runtime/check.ts')
      return { run: check, help: checkHelp }
    },
  },
  config: {
    about: 'show, compare and migrate partition.conf',
    load: async () => {
      const { config, configHelp } = await import('../runtime/config.ts')
      return { run: config, help: configHelp }
    },
  },
  cleanup: {
    about: 'take down what the boot set up, and drop the keys',
    load: async () => {
      const { cleanup, cleanupHelp } = await import('../runtime/cleanup.ts')
      return { run: cleanup, help: cleanupHelp }
    },
  },
  owner: {
    about: "the model owner's side: make a key, open a job-store",
    load: async () => {
      const { owner, ownerHelp } = await import('../owner/owner.ts')
      return { run: owner, help: ownerHelp }
    },
  },
  install: {
    about: "put the running VM's half into a root, and cvmboot into its initramfs generator",
    load: async () => {
      const { install, installHelp } = await import('../install/install.ts')
      return { run: install, help: installHelp }
    },
  },
  uninstall: {
    about: 'undo what install did',
    load: async () => {
      const { uninstall, uninstallHelp } = await import('../install/uninstall.ts')
      return { run: uninstall, help: uninstallHelp }
    },
  },
  boot: {
    about: 'boot; also what it does as /init, PID 1',
    load: async () => ({ run: refuseBoot, help: bootHelp }),
  },
}

const bootOptions: readonly string[] = ['--hook', '--check-cmdline']

/** The entry boots where the words are good, so that only wrong ones come here. Fault: `usage`. */
const refuseBoot = async (args: readonly string[]): Promise<void> => {
  const odd = args.find((word, i) => !bootOptions.includes(word) || args.indexOf(word) !== i)
  const reason =
    odd === undefined
      ? '--check-cmdline goes with --hook'
      : `boot takes each option once, not ${odd}${didYouMean(odd, bootOptions)}`
  throw fail('usage', { reason })
}

const bootHelp = `cvmboot boot [--hook [--check-cmdline]]

Boots the verified root, or halts the machine. In an initramfs only.

  --hook           from the init of dracut or initramfs-tools: all but the pivot, which that init does
  --check-cmdline  only refuse what is not to be booted, before that init acts on it; says "accepted" if there
                   is nothing, since an exit status alone can come from a loader that was told not to run us
`

const help = (edition: Edition): string =>
  [
    `${edition.name} VERB [OPTIONS]`,
    '',
    ...Object.entries(verbs).map(([name, { about }]) => `  ${name.padEnd(9)} ${about}`),
    '',
    `${edition.name} help VERB says more. Parameters of the boot: kernel-cmdline.md.`,
    '',
  ].join('\n')

const isVersion = (word: string): boolean => word === '--version' || word === '-V'
const isHelp = (word: string): boolean => word === 'help' || word === '--help' || word === '-h'

/** Fault: `usage`. */
const verbOf = (name: string): Verb => {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb !== undefined) return verb
  const what = name.startsWith('-') ? 'option' : 'verb'
  const known = [...Object.keys(verbs), 'help', '--help', '--version']
  throw fail('usage', { reason: `there is no ${what} ${name}${didYouMean(name, known)}` })
}

/** Fault: `usage`. */
const versionFor = (edition: Edition, words: readonly string[]): string => {
  const [word, ...more] = words
  if (word === undefined) return printVersion(edition.name)
  if (word === '--json' && more.length === 0) return printVersionJson(edition.name)
  throw fail('usage', { reason: `--version takes --json or nothing, not ${words.join(' ')}` })
}

/** Fault: `usage`. */
const helpFor = async (edition: Edition, words: readonly string[]): Promise<string> => {
  const [name, ...more] = words
  if (more.length > 0) throw fail('usage', { reason: `help takes one verb, not ${words.join(' ')}` })
  return name === undefined || isHelp(name) ? help(edition) : (await verbOf(name).load()).help
}

/** Runs the verb that the first word names; without words, prints the help. Faults: `usage`, and those of the verb. */
export const runVerb = async (args: readonly string[], edition: Edition): Promise<void> => {
  const [name = 'help', ...rest] = args
  if (isVersion(name)) return void process.stdout.write(versionFor(edition, rest))
  if (isHelp(name)) return void process.stdout.write(await helpFor(edition, rest))
  const { run, help: text } = await verbOf(name).load()
  if (rest.includes('--help') || rest.includes('-h')) return void process.stdout.write(text)
  await run(rest, edition)
}
