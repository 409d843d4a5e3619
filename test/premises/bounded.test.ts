// Reads whole files under limits: a file as large as the limit is read, and a file with one byte more is refused.

import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault } from '../../src/fault/index.ts'
import { readBounded, readBoundedText, readOpen } from '../../src/machine/bounded.ts'
import { readCmdlineOption } from '../../src/machine/cmdline-file.ts'
import { readConfigFile } from '../../src/machine/config-file.ts'
import { run, runThrough } from '../../src/machine/exec.ts'
import { type Limit, type LimitName, limits } from '../../src/machine/limits.ts'
import { openAsOwner } from '../../src/owner/open.ts'
import { readOsRelease } from '../../src/pack/uki-inputs.ts'
import { live } from '../../src/runtime/live.ts'
import { verbOf } from '../with/verb.ts'

const report = verbOf('report')

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-bounded-'))
const file = join(scratch, 'file')
test.after(() => rmSync(scratch, { recursive: true }))

const refusal = async (act: () => unknown): Promise<string> => {
  try {
    await act()
    return 'none'
  } catch (thrown) {
    return thrown instanceof BootFault ? thrown.message : `not a fault: ${thrown}`
  }
}

test('a file that has as much as the limit is read whole, and one byte more is refused', async () => {
  const { most } = limits.config
  const content = Buffer.from(Array.from({ length: most }, (_, i) => i % 251))
  writeFileSync(file, content)
  assert.ok(readBounded(file, 'config').equals(content))
  writeFileSync(file, Buffer.concat([content, Buffer.from('x')]))
  assert.is(
    await refusal(() => readBounded(file, 'config')),
    `input-too-large: cannot read all of ${file}: a partition.conf has at most 262144 bytes, and this limit is exceeded; give the right file`,
  )
})

test('the size that a file claims decides nothing: of /proc, of an endless device, of a pipe', async () => {
  const text = readBoundedText('/proc/cpuinfo', 'kernelText')
  assert.ok(text.length > 100 && readFileSync('/proc/cpuinfo', 'latin1').startsWith(text.slice(0, 100)))
  assert.match(
    await refusal(() => readBounded('/dev/zero', 'state')),
    /^input-too-large: .*\/dev\/zero: the state/,
  )
  const fifo = join(scratch, 'fifo')
  execFileSync('mkfifo', [fifo])
  execFileSync('sh', [
    '-c',
    `exec 3<>${fifo}; seq 1 9000 >&3; head -c 0 <&3; exec 4<${fifo}; exec 3>&-; cat <&4 >${file}`,
  ])
  assert.ok(readFileSync(file, 'utf8').endsWith('\n9000\n'))
  writeFileSync(file, '')
  assert.is(readBounded(file, 'config').length, 0)
})

test('what a limit was met in is zeroed, and the file is closed', () => {
  truncateSync(file, limits.identity.most + 1)
  const fd = openSync(file, 'r')
  assert.throws(() => readOpen(fd, file, 'identity'), /^BootFault|input-too-large/)
  closeSync(fd)
})

test('every reader of a whole file that a person names has its limit', async () => {
  const grown = (name: LimitName): string => {
    const path = join(scratch, name)
    writeFileSync(path, '')
    truncateSync(path, limits[name].most + 1)
    return path
  }
  const given = { id: 'a', version: '1' }
  const readers: [Limit, () => unknown][] = [
    [limits.config, () => readConfigFile(grown('config'))],
    [limits.cmdline, () => readCmdlineOption(`@${grown('cmdline')}`)],
    [limits.osRelease, () => readOsRelease({ ...given, osRelease: grown('osRelease') })],
    [limits.identity, () => openAsOwner('/none', 'job-store', grown('identity'))],
    [limits.state, () => report(['--state', grown('state')])],
    [limits.kernelText, () => live.text(grown('kernelText'))],
  ]
  for (const [{ of }, act] of readers) {
    const said = await refusal(act)
    assert.ok(said.startsWith('input-too-large: ') && said.includes(of), said)
  }
})

test('the output of a program is bounded, and what streams through one ends with its reader', async () => {
  assert.match(
    await refusal(() => run('head', ['-c', `${limits.outputOfTool.most + 1}`, '/dev/zero'])),
    /^input-too-large: .*head: the output of a program/,
  )
  let fed = 0
  const endless = async function* () {
    for (; ; fed += 65_536) yield Buffer.alloc(65_536)
  }
  for await (const chunk of runThrough('cat', [], endless(), 'coreutils')) if (chunk.length > 0) break
  assert.ok(fed < 4 * 1024 ** 2, `${fed}`)
  const all = async (tool: string, source: AsyncIterable<Uint8Array>) => {
    for await (const _ of runThrough(tool, ['-x'], source, 'a-package'));
  }
  const none = async function* () {}
  assert.match(
    await refusal(() => all('cvmboot-no-such', none())),
    /^tool-missing: .*apt-get install a-package$/,
  )
  assert.match(await refusal(() => all('false', endless())), /^tool-failed: .*false failed: exit 1$/)
})

test.run()
