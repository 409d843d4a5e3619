// Makes one .deb by dpkg-deb from a staged tree. debhelper would need a dozen packages and a source tree of its own; here a list
// of files is enough. The same files, version and time give the same bytes.

import { createHash } from 'node:crypto'
import {
  chmod,
  copyFile,
  lutimes,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../../src/machine/exec.ts'

/** Text, a link with its target as text, or a file of this machine; `mode` as chmod takes it. */
export type Content = { readonly mode: number } & (
  | { readonly kind: 'file' | 'link'; readonly text: string | Buffer }
  | { readonly from: string }
)

export type Deb = {
  readonly name: string
  readonly architecture: 'amd64' | 'all'
  /** Fields of the control file: Depends, Recommends and so on. */
  readonly relations: Readonly<Record<string, readonly string[]>>
  /** The first line, then the paragraphs. */
  readonly description: readonly [string, ...string[]]
  /** Absolute path -> content. */
  readonly files: Readonly<Record<string, Content>>
  /** Paths of files that belong to the administrator. */
  readonly conffiles: readonly string[]
  /** Lines of deb-triggers(5). */
  readonly triggers: readonly string[]
}

export type Release = {
  readonly version: string
  /** The time of every file in the package, in seconds since 1970. */
  readonly time: number
  /** Name <address>. */
  readonly maintainer: string
}

/** Breaks a text into lines that fit into the 79 columns of a control file. */
const wrapped = (text: string): string[] => {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= 76) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** `size` in KiB. */
const printControl = (deb: Deb, { version, maintainer }: Release, size: number): string => {
  const [summary, ...paragraphs] = deb.description
  const body = paragraphs.map((paragraph) =>
    wrapped(paragraph)
      .map((line) => ` ${line}\n`)
      .join(''),
  )
  return [
    `Package: ${deb.name}\nVersion: ${version}\nArchitecture: ${deb.architecture}\nMaintainer: ${maintainer}\n`,
    `Installed-Size: ${size}\n`,
    ...Object.entries(deb.relations).map(([field, packages]) => `${field}: ${packages.join(', ')}\n`),
    'Section: admin\nPriority: optional\n',
    `Description: ${summary}\n${body.join(' .\n')}`,
  ].join('')
}

/** Writes the files below `root`. Returns the text of md5sums(5), and the size of all files in KiB for the control file. */
const stage = async (root: string, files: Deb['files']): Promise<{ sums: string; size: number }> => {
  const sums: string[] = []
  let size = 0
  for (const [path, content] of Object.entries(files).sort()) {
    const to = join(root, path)
    await mkdir(dirname(to), { recursive: true })
    if ('kind' in content && content.kind === 'link') {
      await symlink(content.text, to)
      continue
    }
    if ('from' in content) await copyFile(content.from, to)
    else await writeFile(to, content.text)
    await chmod(to, content.mode)
    const bytes = await readFile(to)
    sums.push(`${createHash('md5').update(bytes).digest('hex')}  ${path.slice(1)}\n`)
    size += Math.ceil(bytes.length / 1024)
  }
  return { sums: sums.join(''), size }
}

/** Sets modes and times, so that the package does not depend on the umask and the clock of the builder. */
const settle = async (root: string, time: number): Promise<void> => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  for (const entry of [...entries.map((e) => ({ path: join(e.parentPath, e.name), e })), { path: root }]) {
    if (!('e' in entry) || entry.e.isDirectory()) await chmod(entry.path, 0o755)
    await lutimes(entry.path, time, time)
  }
}

/** Level 6 would save a seventh and take eight times as long. With threads the bytes would depend on the machine. */
const compression = ['-Zxz', '-z1', '--threads-max=1']

/** Writes `directory`/NAME_VERSION_ARCHITECTURE.deb and returns its path. */
export const makeDeb = async (deb: Deb, release: Release, directory: string): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), `cvmboot-${deb.name}-`))
  try {
    const { sums, size } = await stage(root, deb.files)
    const control = {
      control: printControl(deb, release, size),
      md5sums: sums,
      conffiles: deb.conffiles.map((path) => `${path}\n`).join(''),
      triggers: deb.triggers.map((line) => `${line}\n`).join(''),
    }
    for (const [name, text] of Object.entries(control)) {
      if (text === '') continue
      await mkdir(join(root, 'DEBIAN'), { recursive: true })
      await writeFile(join(root, 'DEBIAN', name), text)
      await chmod(join(root, 'DEBIAN', name), 0o644)
    }
    await settle(root, release.time)
    const output = join(directory, `${deb.name}_${release.version}_${deb.architecture}.deb`)
    await run('dpkg-deb', ['--root-owner-group', ...compression, '--build', root, output], {
      env: { SOURCE_DATE_EPOCH: `${release.time}` },
      package: 'dpkg',
    })
    return output
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}
