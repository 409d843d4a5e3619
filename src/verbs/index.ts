// All verbs, and the one function that runs them. The entry loads this file on use, so that a boot loads no verb.

import type { Edition } from '../edition.ts'
import { BootFault, fail } from '../fault/index.ts'
import { didYouMean } from '../fault/nearest.ts'
import { screenOf } from '../terminal/screen.ts'
import { printVersion, printVersionJson } from '../version.ts'
import { appraise } from './appraise.ts'
import { attest } from './attest.ts'
import { boot } from './boot.ts'
import { check } from './check.ts'
import { cleanup } from './cleanup.ts'
import { config } from './config.ts'
import { inspect } from './inspect.ts'
import { install } from './install.ts'
import { launch } from './launch.ts'
import { measure } from './measure.ts'
import { owner } from './owner.ts'
import { pack } from './pack.ts'
import { plan } from './plan.ts'
import { release } from './release.ts'
import { report } from './report.ts'
import { setup } from './setup.ts'
import { status } from './status.ts'
import { printHelp, printVerbs } from './table/help.ts'
import { eitherOf } from './table/option.ts'
import type { AnyVerb, Call, Family, Forms, Verb } from './table/verb.ts'
import { uninstall } from './uninstall.ts'
import { verify } from './verify.ts'

/** All verbs by name. Help, manual pages and completions list the verbs in this order. */
export const verbs: Readonly<Record<string, AnyVerb>> = {
  setup,
  pack,
  measure,
  launch,
  appraise,
  plan,
  inspect,
  status,
  verify,
  report,
  attest,
  check,
  config,
  cleanup,
  owner,
  release,
  install,
  uninstall,
  boot,
}

const isVersion = (word: string): boolean => word === '--version' || word === '-V'
const isHelp = (word: string): boolean => word === 'help' || word === '--help' || word === '-h'

/** Fault: `usage`. */
const verbOf = (name: string): AnyVerb => {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb !== undefined) return verb
  const what = name.startsWith('-') ? 'option' : 'verb'
  const known = [...Object.keys(verbs), 'help', '--help', '--version']
  throw fail('usage', { reason: `there is no ${what} ${name}${didYouMean(name, known)}` })
}

/** Fault: `usage`. */
const memberOf = (family: Family, name: string, word: string): Verb => {
  const verb = Object.hasOwn(family.verbs, word) ? family.verbs[word] : undefined
  if (verb !== undefined) return verb
  const known = Object.keys(family.verbs)
  const reason = `${name} takes ${eitherOf(known)}, not ${word || 'nothing'}${didYouMean(word, known)}`
  throw fail('usage', { reason })
}

/** The words before `--`. Words behind it are no options. */
const optionsIn = (args: readonly string[]): readonly string[] =>
  args.includes('--') ? args.slice(0, args.indexOf('--')) : args

/** The form that an option asks for. Where options of several forms are given, the first form of the table counts. */
const formOf = (forms: Forms, name: string, args: readonly string[]): readonly [string, Verb] => {
  const given = optionsIn(args).map((word) => word.split('=')[0])
  const found = Object.entries(forms.forms).find(([option]) => given.includes(`--${option}`))
  return found === undefined ? [name, forms.otherwise] : [`${name} --${found[0]}`, found[1]]
}

/** Refuses an option that only another form has. Fault: `usage`. */
const requireOfForm = (verb: Forms, call: string, form: Verb, args: readonly string[]): void => {
  const given = optionsIn(args).map((word) => word.split('=')[0] ?? '')
  const isOf = (one: Verb, word: string) => Object.hasOwn(one.options, word.slice(2))
  const all = [...Object.values(verb.forms), verb.otherwise]
  const odd = given.find(
    (word) => word.startsWith('--') && !isOf(form, word) && all.some((one) => isOf(one, word)),
  )
  if (odd === undefined) return
  const [, chosen] = call.split(' ')
  const [own] = Object.entries(verb.forms).find(([, one]) => isOf(one, odd)) ?? []
  throw fail('usage', {
    reason: chosen === undefined ? `${odd} goes with --${own}` : `${odd} does not go with ${chosen}`,
  })
}

/** Fault: `usage`. */
const versionFor = (edition: Edition, words: readonly string[]): string => {
  const [word, ...more] = words
  if (word === undefined) return printVersion(edition.name)
  if (word === '--json' && more.length === 0) return printVersionJson(edition.name)
  throw fail('usage', { reason: `--version takes --json or nothing, not ${words.join(' ')}` })
}

/** The help of all verbs, of one verb, or of a member of a family, as in `help owner open`. Fault: `usage`. */
const helpFor = (edition: Edition, words: readonly string[]): string => {
  const screen = screenOf(process.stdout, process.env)
  const [name, word, ...more] = words
  if (name === undefined || isHelp(name)) return printVerbs(edition.name, verbs, screen)
  const verb = verbOf(name)
  if (word === undefined) return printHelp(name, verb, screen)
  if (verb.kind !== 'family' || more.length > 0)
    throw fail('usage', { reason: `help takes one verb, not ${words.join(' ')}` })
  return printHelp(`${name} ${word}`, memberOf(verb, name, word), screen)
}

/** The help for `cvmboot VERB … --help`, whatever other words are given. */
const helpInstead = (edition: Edition, name: string, verb: AnyVerb, args: readonly string[]): string => {
  const member = verb.kind === 'family' && Object.hasOwn(verb.verbs, args[0] ?? '') ? args.slice(0, 1) : []
  return helpFor(edition, [name, ...member])
}

const runCall = (verb: AnyVerb, { name, args, edition }: Call): Promise<void> => {
  if (verb.kind === 'verb') return verb.run({ name, args, edition })
  if (verb.kind === 'forms') {
    const [form, one] = formOf(verb, name, args)
    requireOfForm(verb, form, one, args)
    return one.run({ name: form, args, edition })
  }
  const [word = '', ...rest] = args
  return memberOf(verb, name, word).run({ name: `${name} ${word}`, args: rest, edition })
}

/** Runs the verb. To a refusal of a misspelt key or parameter, it adds the nearest name. */
const orNearest = async (run: () => Promise<void>): Promise<void> => {
  try {
    await run()
  } catch (thrown) {
    const { withNearest } = await import('../config/near.ts')
    throw thrown instanceof BootFault ? new BootFault(withNearest(thrown.fault)) : thrown
  }
}

/** Runs the verb that the first word names; without words, prints the help. Faults: `usage`, and those of the verb. */
export const runVerb = async (args: readonly string[], edition: Edition): Promise<void> => {
  const [name = 'help', ...rest] = args
  if (isVersion(name)) return void process.stdout.write(versionFor(edition, rest))
  if (isHelp(name)) return void process.stdout.write(helpFor(edition, rest))
  const verb = verbOf(name)
  if (optionsIn(rest).some((word) => word === '--help' || word === '-h'))
    return void process.stdout.write(helpInstead(edition, name, verb, rest))
  await orNearest(() => runCall(verb, { name, args: rest, edition }))
}
