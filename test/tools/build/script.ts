// Runs our scripts of dracut and initramfs-tools in a directory that stands for the root of an initramfs. No path is
// left in them by which they could end this machine.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as assert from 'uvu/assert'

export const project = join(import.meta.dirname, '../../..')
export const source = (path: string): string => readFileSync(join(project, path), 'utf8')

/** Debian's sh and Fedora's. */
export const shells = ['dash', 'bash'] as const

export type Ran = {
  readonly status: number | null
  readonly said: string
  /** What the kernel was given to log, and to do (sysrq), line by line. */
  readonly log: string
  readonly sysrq: string
  /** Of the file /out. */
  readonly out: string
}

const endings = ['/dev/kmsg', '/proc/sysrq-trigger']

/** The same text with every absolute path below `root`, and the kernel's files as ones that keep what they are told. */
const moved = (text: string, root: string): string => {
  const within = text
    .replace(/(^|[\s"'(=>:])\/(?=(?:dev\/kmsg|proc|usr|run|etc|conf|scripts|sys|out)\b)/gm, `$1${root}/`)
    .replace(/>(?=\S*(?:kmsg|sysrq-trigger))/g, '>>')
  for (const [at] of within.matchAll(/\S*(?:kmsg|sysrq-trigger)/g))
    assert.ok(
      endings.some((path) => at === `>>${root}${path}`),
      `would touch ${at}`,
    )
  return within
}

/** Seconds pass in hundredths. Who waits for the machine's end for the fourth time is ended. */
const sleep = `#!/bin/sh
[ "$1" != 10 ] || echo >>"$place/slept"
[ ! -e "$place/slept" ] || [ "$(wc -l <"$place/slept")" -lt 4 ] || kill -KILL $PPID
exec /bin/sleep 0.0$1
`

/** Files by their paths, executable where they begin with #!, and a script that is run beside them. */
export const runScript = (
  shell: (typeof shells)[number],
  files: Readonly<Record<string, string>>,
  script: string,
): Ran => {
  const root = mkdtempSync(join(tmpdir(), 'cvmboot-script-'))
  const lay = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
  }
  const text = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '')
  try {
    for (const path of endings) lay(path, '')
    lay('bin/sleep', sleep)
    for (const [path, content] of Object.entries(files)) lay(path, moved(content, root))
    const { status, stdout, stderr } = spawnSync(shell, ['-c', moved(script, root), 'init'], {
      cwd: project,
      encoding: 'utf8',
      env: { PATH: `${root}/bin:/usr/bin:/bin`, place: root },
      // bash takes a socket for a remote login.
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 10_000,
      killSignal: 'SIGKILL',
    })
    const without = (said: string) => said.replaceAll(root, '')
    return {
      status,
      said: without(`${stdout}${stderr}`),
      log: text('dev/kmsg'),
      sysrq: text('proc/sysrq-trigger'),
      out: without(text('out')),
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Said why, asked the kernel for power-off and then for a panic, again and again, and nothing else came after. */
export const assertEnded = ({ status, said, log, sysrq }: Ran, why: string): void => {
  assert.is(log.split('\n')[0], `<2>cvmboot: power off: ${why}`, said)
  assert.is(sysrq, 'o\nc\no\nc\n')
  assert.is(status, null, `came back: ${said}`)
  assert.not.match(said, /went on/)
}

/** Nobody asked for an end, and what comes after came. */
export const assertWentOn = ({ status, said, log, sysrq }: Ran): void => {
  assert.equal([log, sysrq, status], ['', '', 0], said)
  assert.match(said, /went on/)
}
