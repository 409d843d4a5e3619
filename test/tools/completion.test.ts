// The completions, as the shells themselves read them: they offer each option of each table, and each value that is a word.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { printBash } from '../../src/verbs/completion/bash.ts'
import { printFish } from '../../src/verbs/completion/fish.ts'
import { offeredOf } from '../../src/verbs/completion/offered.ts'
import { printZsh } from '../../src/verbs/completion/zsh.ts'
import { verbs } from '../../src/verbs/index.ts'

const place = mkdtempSync(join(tmpdir(), 'cvmboot-completion-'))
test.after(() => rmSync(place, { recursive: true }))
mkdirSync(join(place, 'a-directory'))
writeFileSync(join(place, 'a-file'), '')

const offered = offeredOf(verbs)
const files = { bash: join(place, 'bash'), zsh: join(place, '_cvmboot'), fish: join(place, 'cvmboot.fish') }
writeFileSync(files.bash, printBash(offered))
writeFileSync(files.zsh, printZsh(offered))
writeFileSync(files.fish, printFish(offered))

const shell = (name: string, ...args: readonly string[]): string => {
  const env = { PATH: process.env['PATH'], HOME: place, LC_ALL: 'C.UTF-8' }
  const { stdout, stderr, status, error } = spawnSync(name, args, { encoding: 'utf8', cwd: place, env })
  assert.equal([error, stderr, status], [undefined, '', 0], args.join(' '))
  return stdout
}

/** Lines typed so far, each with its last word unfinished -> what the shell offers for it. */
type Ask = (lines: readonly (readonly string[])[]) => readonly (readonly string[])[]

/** One process for all questions. A line with `=` ends what is offered for one. */
const answers = (said: string): readonly (readonly string[])[] =>
  said
    .split(/^=\n/m)
    .slice(0, -1)
    .map((one) => one.split('\n').filter((word) => word !== ''))

/** `compopt` works only where readline asks; here it says which names readline would go on with. */
const bash: Ask = (lines) => {
  const asked = lines.map((words) => {
    const list = ['cvmboot', ...words].map((word) => `'${word}'`).join(' ')
    return `COMP_WORDS=(${list}); COMP_CWORD=${words.length}; COMPREPLY=(); _cvmboot; printf '%s\\n' "\${COMPREPLY[@]}"; echo =`
  })
  const head = `source ${files.bash}\ncomplete -p cvmboot cvmboot-mock >/dev/null\ncompopt() { echo "<$2>"; }`
  return answers(shell('bash', '--norc', '-euc', [head, ...asked].join('\n')))
}

/** fish completes for real, without a terminal. */
const fish: Ask = (lines) => {
  const asked = lines.map((words) => {
    const line = ['cvmboot', ...words].map((word) => (word === '' ? '' : word)).join(' ')
    return `complete -C '${line}' | string replace -r '\\t.*' ''; echo =`
  })
  return answers(shell('fish', '--no-config', '-c', [`source ${files.fish}`, ...asked].join('\n')))
}

/** zsh completes at a terminal only: here its functions say what they were asked. */
const zsh = (words: readonly string[]): string => {
  const stand = '_describe() { print -l -- $verbs }; _arguments() { print -l -- "$@" }'
  const typed = ['cvmboot', ...words].map((word) => `'${word}'`)
  return shell(
    'zsh',
    '-f',
    '-c',
    `${stand}\nwords=(${typed.join(' ')}); CURRENT=${typed.length}; source ${files.zsh}`,
  )
}

const rows = offered.flatMap(({ call, options }) =>
  Object.entries(options).map(([name, option]) => ({ call, name, option })),
)

test('the shells have nothing against the files', () => {
  shell('bash', '-n', files.bash)
  shell('zsh', '-n', files.zsh)
  shell('fish', '--no-execute', files.fish)
})

for (const [name, ask] of Object.entries({ bash, fish })) {
  test(`${name} offers every verb, and every verb of a family`, () => {
    const groups = offered.filter(({ members }) => members.length > 0)
    const found = ask(groups.map(({ call }) => [...call, '']))
    for (const [i, { call, members }] of groups.entries())
      for (const [word] of members.filter(([one]) => !one.startsWith('-')))
        assert.ok(found[i]?.includes(word), `${call.join(' ')} ${word}: ${found[i]}`)
  })

  test(`${name} offers every option of every table, and none of another`, () => {
    const calls = offered.filter(({ options }) => Object.keys(options).length > 0)
    const found = ask(calls.map(({ call }) => [...call, '--']))
    for (const [i, { call, options }] of calls.entries())
      assert.equal(
        [...(found[i] ?? [])].filter((word) => word.startsWith('-')).sort(),
        Object.keys(options)
          .map((option) => `--${option}`)
          .sort(),
        call.join(' '),
      )
  })

  test(`${name} offers the words of every choice`, () => {
    const choices = rows.filter(({ option }) => option.kind === 'choice')
    assert.ok(choices.length > 5)
    const found = ask(choices.map(({ call, name: option }) => [...call, `--${option}`, '']))
    for (const [i, { call, name: option, option: row }] of choices.entries())
      assert.equal(
        [...(found[i] ?? [])].sort(),
        row.kind === 'choice' ? [...row.words].sort() : [],
        `${call.join(' ')} --${option}`,
      )
  })
}

test('bash leaves names of files and directories to readline, and offers nothing for a text', () => {
  const wanted = { file: '<default>', directory: '<dirnames>', text: undefined } as const
  for (const kind of ['file', 'directory', 'text'] as const) {
    const asked = rows.filter(({ option }) => option.kind === kind)
    assert.ok(asked.length > 0, kind)
    const found = bash(asked.map(({ call, name }) => [...call, `--${name}`, 'x']))
    for (const [i, { name }] of asked.entries())
      assert.equal(found[i], wanted[kind] === undefined ? [] : [wanted[kind]], name)
  }
})

test('bash completes a value behind =, which it takes for a word', () => {
  assert.equal(
    bash([
      ['setup', '--format', '=', 'sq'],
      ['setup', '--format', '='],
    ]),
    [['squashfs'], ['erofs', 'squashfs', 'ext4']],
  )
})

test('fish completes names of files and directories where a row takes them, and nowhere else', () => {
  const asked: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      ['inspect', 'a-'],
      ['a-directory/', 'a-file'],
    ],
    [['status', 'a-'], []],
    [
      ['setup', '--disk', 'a-'],
      ['a-directory/', 'a-file'],
    ],
    [['setup', '--out', 'a-'], ['a-directory/']],
    [['plan', '--cmdline', 'a-'], []],
    [
      ['config', 'show', 'a-'],
      ['a-directory/', 'a-file'],
    ],
    [['config', 'a-'], []],
  ]
  const found = fish(asked.map(([words]) => words))
  for (const [i, [words, names]] of asked.entries()) assert.equal(found[i], names, words.join(' '))
})

test('zsh is told every verb, every option with its values, and the verbs of a family', () => {
  for (const { call, members, options } of offered) {
    const said = zsh([...call, ''])
    for (const [word] of members) assert.ok(said.includes(`${word}:`), `${call.join(' ')} ${word}`)
    if (members.length > 0) continue
    for (const [name, option] of Object.entries(options)) {
      const line = said.split('\n').find((one) => one.replace(/^\*/, '').startsWith(`--${name}[`)) ?? ''
      const ends = {
        flag: ']',
        file: ':_files',
        directory: ':_files -/',
        text: ': ',
        choice: `:(${option.kind === 'choice' ? option.words.join(' ') : ''})`,
      }
      assert.ok(line.endsWith(ends[option.kind]), `${call.join(' ')} --${name}: ${line}`)
    }
  }
})

test.run()
