// The units of the running system, by systemd's own judgement.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { unitFiles } from '../../../src/install/frameworks.ts'
import { toolPath } from '../../../src/machine/exec.ts'

const units = [...unitFiles()].filter(([path, { kind }]) => path.endsWith('.service') && kind === 'file')
const analyze = (...args: string[]) =>
  spawnSync('systemd-analyze', ['--no-pager', ...args], {
    encoding: 'utf8',
    env: { PATH: toolPath, LC_ALL: 'C' },
  })

/** A root with the units, and what they start. */
const withUnits = (use: (root: string) => void): void => {
  const root = mkdtempSync(join(tmpdir(), 'cvmboot-units-'))
  try {
    const programs = ['/usr/sbin/cvmboot', '/bin/true', '/mnt/nvflare/oem-launcher/launch']
    const run = programs.map((path) => [path, { kind: 'file', text: '#!/bin/sh' }] as const)
    for (const [path, { kind, text }] of [...unitFiles(), ...run]) {
      mkdirSync(join(root, dirname(path)), { recursive: true })
      if (kind === 'link') symlinkSync(text, join(root, path))
      else writeFileSync(join(root, path), text)
    }
    for (const path of programs) chmodSync(join(root, path), 0o755)
    use(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('each is one that systemd takes', () =>
  withUnits((root) => {
    const names = units.map(([path]) => basename(path))
    assert.equal(names, ['cvmboot-cleanup.service', 'cvmboot.service', 'oem-launcher.service'])
    const { status, stderr } = analyze(`--root=${root}`, '--man=no', 'verify', ...names)
    // The root has no units but these.
    const said = stderr.split('\n').filter((line) => line !== '' && !/not found|Failed to load/.test(line))
    assert.equal(said, [], `${status}`)
  }))

test("to systemd the scripts' name of their service is a name of cvmboot.service", () =>
  withUnits((root) => {
    const { stdout } = spawnSync(
      'systemctl',
      [`--root=${root}`, 'is-enabled', 'nvflare-partitions.service'],
      {
        encoding: 'utf8',
        env: { PATH: toolPath, LC_ALL: 'C' },
      },
    )
    assert.is(stdout, 'alias\n')
  }))

for (const [path] of units)
  test(`${basename(path)} is exposed by less than 3`, () =>
    withUnits((root) => {
      const { stdout, stderr } = analyze('security', '--offline=true', join(root, path))
      const level = /Overall exposure level for \S+: ([\d.]+) /.exec(stdout)?.[1]
      assert.ok(level !== undefined, stderr)
      assert.ok(Number(level) < 3, level)
    }))

test('what they start there is', () => {
  const starts = units.flatMap(([, { text }]) => [...text.matchAll(/^Exec(?:Start|Stop)=(\S+)/gm)])
  const known = ['/usr/sbin/cvmboot', '/bin/true', '/mnt/nvflare/oem-launcher/launch']
  for (const [, program = ''] of starts) assert.ok(known.includes(program), program)
})

test.run()
