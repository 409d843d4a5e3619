// The npm package: the verbs of the build host as one script, which runs on the user's own Node. The package has no dependencies.

import { copyFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { bundle, type Identity, root } from '../bundle.ts'
import { documents } from './documents.ts'

/** The oldest Node that works: execa needs it, and the zlib module needs it for kernel modules in zstd. */
const oldest = { major: 22, minor: 15 } as const
const target = `node${oldest.major}.${oldest.minor}`

/** Checks the version before any code that an older Node does not understand. npm itself only warns of an older Node. */
const head = `#!/usr/bin/env node
{
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < ${oldest.major} || (major === ${oldest.major} && minor < ${oldest.minor})) {
    process.stderr.write(\`cvmboot: cannot run on Node \${process.versions.node}: it takes ${oldest.major}.${oldest.minor} or newer\\n\`)
    process.exit(1)
  }
  // As PID 1 it would take a container for an initramfs.
  if (process.pid === 1 || process.argv[2] === 'boot') {
    process.stderr.write('cvmboot: cannot boot from npm, nor run as PID 1: take the executable, or docker run --init\\n')
    process.exit(1)
  }
}
`

const description = (project: string) => ({
  name: 'cvmboot',
  version: project,
  description: 'Verified early boot for confidential VMs: lays out disks and packs what boots them',
  license: 'Apache-2.0',
  type: 'module',
  engines: { node: `>=${oldest.major}.${oldest.minor}.0` },
  os: ['linux'],
  cpu: ['x64'],
  bin: { cvmboot: 'cvmboot.mjs' },
})

/** Writes `directory`/cvmboot-VERSION.tgz and returns its path. The same source and time give the same bytes. */
export const makeNpm = async (identity: Identity, time: number, directory: string): Promise<string> => {
  const work = await mkdtemp(join(tmpdir(), 'cvmboot-npm-'))
  try {
    const folder = join(work, 'package')
    await mkdir(folder)
    const { text } = await bundle('src/main-npm.ts', identity, target)
    await writeFile(join(folder, 'cvmboot.mjs'), `${head}${text}`, { mode: 0o755 })
    await writeFile(
      join(folder, 'package.json'),
      `${JSON.stringify(description(identity.project), null, 2)}\n`,
    )
    for (const name of ['LICENSE', ...documents]) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await copyFile(join(root, name), join(folder, name))
    }
    await utimes(folder, time, time)
    const output = join(directory, `cvmboot-${identity.project}.tgz`)
    const same = ['--sort=name', `--mtime=@${time}`, '--owner=0', '--group=0', '--numeric-owner']
    const mode = ['--mode=u=rwX,go=rX', '--format=ustar', '--use-compress-program=gzip -9n']
    await run('tar', ['--create', '--file', output, ...same, ...mode, '--directory', work, 'package'])
    return output
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
