// The manual pages, made from the tables of the verbs and judged by groff.

import { spawnSync } from 'node:child_process'
import * as assert from 'uvu/assert'
import { parameters } from '../../../src/cmdline/params.ts'
import { configKeys } from '../../../src/config/keys.ts'
import { exitStatus, faultCodes } from '../../../src/fault/index.ts'
import { verbs } from '../../../src/verbs/index.ts'
import { manPages } from '../../../src/verbs/man/pages.ts'
import { type Page, printPage, roff } from '../../../src/verbs/man/roff.ts'
import { allOptions, callsOf, sentencesOf, spelled } from '../../../src/verbs/table/help.ts'
import { suite } from '../../with/suite.ts'

const test = suite<{ pages: readonly Page[] }>('manual pages')
test.before((context) => {
  context.pages = manPages('1.2.3')
})

/** A page as a reader sees it, with one space for any; fails where groff has anything to complain of. */
const shown = (text: string): string => {
  const args = ['-man', '-ww', '-Tutf8', '-rLL=1000n', '-rHY=0', '-P-cbou']
  const { stdout, stderr, status } = spawnSync('groff', args, { input: text, encoding: 'utf8' })
  assert.equal([status, stderr], [0, ''])
  return spaced(stdout)
}

const spaced = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

const textOf = (pages: readonly Page[], name: string): string => {
  const page = pages.find((one) => one.name === name)
  assert.ok(page, name)
  return shown(printPage(page as Page))
}

test('each is a page that groff has nothing to say against', ({ pages }) => {
  assert.equal(
    pages.map(({ name, section }) => `${name}.${section}`),
    ['cvmboot.8', 'partition.conf.5', 'cvmboot-cmdline.7'],
  )
  for (const page of pages) assert.ok(shown(printPage(page)).includes(` NAME ${page.name} - ${page.about} `))
})

test('cvmboot(8) has every verb with each of its rows, and every refusal with its status', ({ pages }) => {
  const text = textOf(pages, 'cvmboot')
  for (const [name, verb] of Object.entries(verbs)) {
    assert.ok(text.includes(`${name}: ${verb.about}`), name)
    for (const [call, one] of callsOf(name, verb)) {
      assert.ok(text.includes(`cvmboot ${call}`), call)
      for (const paragraph of [...one.text, ...one.notes]) assert.ok(text.includes(spaced(paragraph)), call)
      for (const [option, row] of Object.entries(allOptions(one)))
        assert.ok(text.includes(` ${spelled(option, row)} ${sentencesOf(row)} `), `${call} --${option}`)
      for (const word of Object.values(one.words))
        assert.ok(text.includes(` ${word.value} ${sentencesOf(word)} `), `${call} ${word.value}`)
    }
  }
  for (const code of faultCodes) assert.ok(text.includes(` ${code} (${exitStatus({ code })}) `), code)
})

test('partition.conf(5) has every key, and what it takes', ({ pages }) => {
  const text = textOf(pages, 'partition.conf')
  for (const { key, aliases, expected } of configKeys)
    for (const word of [` ${key} Takes ${expected}.`, ...aliases]) assert.ok(text.includes(word), word)
})

test('cvmboot-cmdline(7) has every parameter, and what it takes', ({ pages }) => {
  const text = textOf(pages, 'cvmboot-cmdline')
  for (const { name, takes, absent } of parameters)
    assert.ok(text.includes(` ${name} Takes ${takes}. Absent: ${absent}. `), name)
})

// Debian's groff shows these as they are; elsewhere they become hyphens, quotes and accents.
test('what is shown can be copied into a shell', () => {
  assert.is(roff('--config a-b'), '\\-\\-config a\\-b')
  assert.is(roff('`^~'), '\\(ga\\(ha\\(ti')
})

test('whatever a text has is shown as it is', () => {
  const odd = '.SH no heading\n\'tis \\fB a -- `quoted` "word" ~ ^ | ‹x› …'
  assert.ok(shown(`.TH X 1\n.PP\n.nf\n${roff(odd)}\n`).includes(spaced(odd)))
})

test.run()
