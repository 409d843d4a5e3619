// The sections of cvmboot(8) about the verbs, made from their tables. Pure.

import { allOptions, callOf, callsOf, sentencesOf, spelled, unglued } from '../table/help.ts'
import type { AnyVerb, Verb } from '../table/verb.ts'
import { paragraph, subheading, tagged, verbatim } from './roff.ts'

/** The call of the verb. A long call has a line for each part. */
const callText = (name: string, verb: Verb): string => {
  const [first = '', ...parts] = [`cvmboot ${name}`, ...callOf(verb)]
  const whole = unglued([first, ...parts].join(' '))
  return whole.length <= 76 ? whole : [first, ...parts.map((part) => `    ${unglued(part)}`)].join('\n')
}

const verbText = (name: string, verb: Verb): string =>
  [
    verbatim(callText(name, verb)),
    ...verb.text.map(paragraph),
    ...Object.values(verb.words).map((word) => tagged(word.value, sentencesOf(word))),
    ...Object.entries(allOptions(verb)).map(([option, row]) =>
      tagged(spelled(option, row), sentencesOf(row)),
    ),
    ...verb.notes.map(paragraph),
  ].join('')

export const verbSections = (verbs: Readonly<Record<string, AnyVerb>>): readonly string[] =>
  Object.entries(verbs).map(([name, verb]) => {
    const family = verb.kind === 'verb' ? [] : verb.text.map(paragraph)
    const calls = callsOf(name, verb).map(([call, one]) => verbText(call, one))
    return [subheading(`${name}: ${verb.about}`), ...family, ...calls].join('')
  })
