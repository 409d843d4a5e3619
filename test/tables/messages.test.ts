// The message of every verb that fails. A table of failures provokes each. No message has the kernel's name of an error, or an
// option that the verb lacks.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { production } from '../../src/editions/production.ts'
import { inWords, messageOf, reasonOf } from '../../src/fault/errno.ts'
import { faultOf, say } from '../../src/fault/index.ts'
import { plain } from '../../src/terminal/screen.ts'
import { runVerb, verbs } from '../../src/verbs/index.ts'
import { printHelp } from '../../src/verbs/table/help.ts'
import { goodCmdline } from '../fake/machine.ts'
import { listen } from '../with/listen.ts'

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-messages-'))
test.after(() => rmSync(scratch, { recursive: true }))
const at = (name: string): string => join(scratch, name)

writeFileSync(at('file'), 'text\n')
writeFileSync(at('empty'), '')
writeFileSync(at('conf'), 'TMPFS_SIZE=1G\n')
writeFileSync(at('closed'), '', { mode: 0 })
mkdirSync(at('directory'))
symlinkSync('loop', at('loop'))
for (const path of ['usr', 'etc', 'sbin']) mkdirSync(at(`root/${path}`), { recursive: true })
writeFileSync(at('agent'), '#!/bin/sh\necho cvmboot 1\n')
chmodSync(at('agent'), 0o755)
mkdirSync(at('good/etc'), { recursive: true })
writeFileSync(at('good/file'), 'text\n')

/** Paths that no reader reads and no writer writes. */
const paths = {
  missing: at('none'),
  'below a file': at('file/below'),
  'a loop of links': at('loop/x'),
  'a name too long': at('x'.repeat(300)),
  'a directory': at('directory'),
  'an empty file': at('empty'),
  'a file in /proc': '/proc/none/x',
} as const

/** Each of these runs once for each of the paths above. */
const calls: readonly ((path: string) => readonly string[])[] = [
  (path) => ['setup', '--config', path, '--disk', at('disk.img'), '--root-fs', at('root')],
  (path) => ['pack', '--modules', path, '--output', at('initramfs')],
  (path) => ['pack', '--modules', at('directory'), '--executable', path, '--output', at('initramfs')],
  (path) => ['pack', '--modules', at('directory'), '--config', path, '--output', at('initramfs')],
  (path) => ['pack', '--modules', at('directory'), '--executable', at('agent'), '--output', path],
  (path) => [
    'pack',
    '--uki',
    '--kernel',
    path,
    '--cmdline',
    'x',
    '--initramfs',
    at('file'),
    '--image-id',
    'a',
    '--image-version',
    '1',
    '--output',
    at('uki'),
  ],
  (path) => [
    'pack',
    '--uki',
    '--kernel',
    at('file'),
    '--cmdline',
    `@${path}`,
    '--initramfs',
    at('file'),
    '--image-id',
    'a',
    '--image-version',
    '1',
    '--output',
    at('uki'),
  ],
  (path) => [
    'pack',
    '--uki',
    '--kernel',
    at('file'),
    '--cmdline',
    'x',
    '--initramfs',
    path,
    '--image-id',
    'a',
    '--image-version',
    '1',
    '--output',
    at('uki'),
  ],
  (path) => ['plan', '--cmdline', goodCmdline, '--config', path],
  (path) => ['plan', '--cmdline', `@${path}`],
  (path) => ['inspect', path],
  (path) => ['status', '--config', path],
  (path) => ['verify', '--config', path],
  (path) => ['cleanup', '--config', path],
  (path) => ['report', '--state', path],
  (path) => ['report', '--output', path],
  (path) => ['check', '--config', path],
  (path) => ['check', '--disk', path, '--modules', path],
  (path) => ['check', '--for', 'build', '--modules', path],
  (path) => ['config', 'show', path],
  (path) => ['config', 'diff', at('conf'), path],
  (path) => ['config', 'migrate', path],
  (path) => ['config', 'migrate', at('conf'), '--os-config', path],
  (path) => ['owner', 'keygen', '--output', path],
  (path) => ['owner', 'open', path, '--identity', at('file')],
  (path) => ['owner', 'open', at('file'), '--identity', path],
  (path) => ['owner', 'open', at('file'), '--identity', at('file'), '--image', path],
  (path) => ['install', '--root', path, '--executable', at('agent'), '--generator', 'none'],
  (path) => ['install', '--root', at('root'), '--executable', path, '--generator', 'none'],
  (path) => [
    'install',
    '--root',
    at('root'),
    '--executable',
    at('agent'),
    '--generator',
    'dracut',
    '--config',
    path,
  ],
  (path) => ['uninstall', '--root', path],
]

/** Without any file: the state of this machine, which cvmboot did not boot, or words that are wrong. */
const alone: readonly (readonly string[])[] = [
  ...['status', 'verify', 'cleanup', 'report', 'pack', 'plan', 'inspect', 'config', 'owner'].map((verb) => [
    verb,
  ]),
  ...[
    ['verify', '--deep'],
    ['cleanup', '--erase', '--dry-run'],
    ['status', '--json'],
    ['uninstall'],
    ['check'],
  ],
  ...[
    ['boot', '--check-cmdline'],
    ['status', '--sttae', 'x'],
    ['check', '--for', 'x'],
  ],
]

const raw = /\bE[A-Z]{3,}\b/
/** Words in capitals that are no names of errors. */
const allowed = /\b(?:EFI)\b/g

const failureOf = async (args: readonly string[]): Promise<string> => {
  let failure = ''
  const said = await listen(async () => {
    await runVerb(args, production).catch((thrown: unknown) => {
      failure = say(faultOf(thrown))
    })
  })
  return said + failure
}

/** Options that a message advises belong to the verb, or are of another program that it names. */
const strange = (verb: string, said: string): string[] => {
  const one = verbs[verb]
  const help = one === undefined ? '' : printHelp(verb, one, plain)
  const advised = said.replace(/'[^']*'|cvmboot (?!VERB)[a-z]+ [^;\n]*/g, '')
  const names = [...advised.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([name]) => name)
  return names.filter((name) => name !== '--help' && !help.includes(name))
}

for (const call of calls) {
  const [verb = ''] = call('')
  test(`${call('PATH').join(' ').replaceAll(scratch, '').slice(0, 100)}: each failure is in words`, async () => {
    let failed = 0
    for (const [what, path] of Object.entries(paths)) {
      const said = await failureOf(call(path))
      if (/: cannot /.test(said)) failed++
      const shown = said
        .replaceAll(path, 'PATH')
        .replaceAll('x'.repeat(300), 'LONG')
        .replaceAll(scratch, '')
        .replace(allowed, '')
      assert.not.match(shown, raw, what)
      assert.not.match(shown, /^internal: /m, what)
      assert.equal(strange(verb, (shown.match(/\S+: cannot .*/g) ?? []).join('\n')), [], `${what}: ${shown}`)
    }
    assert.ok(failed >= 1, `${failed} failures`)
  })
}

for (const args of alone)
  test(`${args.join(' ')}: it is in words, with options of its own`, async () => {
    const said = await failureOf(args)
    assert.match(said, /: cannot /)
    assert.not.match(said, raw)
    const failures = (said.match(/\S+: cannot .*/g) ?? []).join('\n')
    assert.equal(strange(args[0] ?? '', failures.replace(/has no option --\w+/, '')), [], said)
  })

test('what status, verify and cleanup say outside a VM names no option, and report names its own', async () => {
  for (const verb of ['status', 'verify', 'cleanup'])
    assert.not.match(await failureOf([verb]), /--(?!help)/, verb)
  assert.match(await failureOf(['report']), /or name the state of a boot with --state/)
})

const failed = (code: string, message: string) => Object.assign(new Error(message), { code })

test('an error is said in words, whoever made it', () => {
  for (const [thrown, words] of [
    [failed('ENOENT', "ENOENT: no such file or directory, open '/x'"), 'there is no such file or directory'],
    [failed('EKEYREJECTED', 'add_key: EKEYREJECTED'), 'the key was rejected'],
    [failed('ECONNRESET', 'x'), 'connection reset by peer'],
    [failed('errno 524', 'mount: errno 524'), 'mount: error 524 of the kernel'],
    [failed('ERR_OUT_OF_RANGE', 'The value is out of range'), 'The value is out of range'],
    [failed('ENOSUCHNAME', 'odd'), 'odd'],
    [new Error('plain'), 'plain'],
    ['text', 'text'],
  ] as const)
    assert.is(reasonOf(thrown), words)
  assert.is(
    messageOf(failed('ENOENT', "ENOENT: no such file or directory, open '/x'")),
    "no such file or directory, open '/x'",
  )
  assert.is(messageOf(failed('ENXIO', 'ioctl: ENXIO')), 'ioctl: there is no such device or address')
  assert.is(inWords('EFI and EACCES'), 'EFI and permission denied')
})

test.run()
