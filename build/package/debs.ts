// The Debian packages: cvmboot, and one for each initramfs generator.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Metafile } from 'esbuild'
import { printExample } from '../../src/config/example.ts'
import { type Framework, filesFor, unitFiles } from '../../src/install/frameworks.ts'
import { run } from '../../src/machine/exec.ts'
import { completions } from '../../src/verbs/made.ts'
import { manPages } from '../../src/verbs/man/pages.ts'
import { printPage } from '../../src/verbs/man/roff.ts'
import { pinnedNode } from '../base.ts'
import { root } from '../bundle.ts'
import type { Content, Deb, Release } from './deb.ts'
import { documents } from './documents.ts'
import { ownLicense, printCopyright } from './licenses.ts'

const file = (text: string | Buffer): Content => ({ kind: 'file', mode: 0o644, text })
const zipped = (text: string | Buffer): Content => file(gzipSync(text, { level: 9 }))

/** A version of the C library's symbols is the version of the library that introduced them. */
const glibc = /\bGLIBC_(\d+)\.(\d+)\b/g
/** Minor version of GLIBCXX_3.4 -> the GCC that introduced it (manual of libstdc++, "ABI Policy and Guidelines"). */
const gccOf: Readonly<Record<string, string>> = { '21': '5', '22': '6', '23': '7', '24': '7', '25': '8' }

/** The libraries by the symbols that Node needs, since the finished executable has no section headers for objdump. */
export const libraries = async (): Promise<string[]> => {
  const text = await run('objdump', ['-p', pinnedNode], { package: 'binutils' })
  const minors = [...text.matchAll(glibc)].map(([, , minor]) => Number(minor))
  const cxx = Math.max(...[...text.matchAll(/\bGLIBCXX_3\.4\.(\d+)\b/g)].map(([, minor]) => Number(minor)))
  const gcc = gccOf[`${cxx}`]
  if (gcc === undefined) throw new Error(`which GCC has GLIBCXX_3.4.${cxx}? Add it to gccOf`)
  return [`libatomic1`, `libc6 (>= 2.${Math.max(...minors)})`, 'libgcc-s1', `libstdc++6 (>= ${gcc})`]
}

/** One entry of a Debian changelog. */
const changelog = (name: string, { version, time, maintainer }: Release): string => {
  const date = new Date(time * 1000).toUTCString().replace('GMT', '+0000')
  return `${name} (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- ${maintainer}  ${date}\n`
}

/** Tags of lintian that the package has on purpose, with the reasons. */
const overrides = [
  ['hardening-no-pie', 'the releases of Node.js are not position-independent'],
  ['embedded-library', 'Node.js is released with these libraries'],
  [
    'uses-dpkg-database-directly',
    'install asks whether dpkg has a file in a system that it is not run in, which may have no dpkg that runs here',
  ],
  [
    'copyright-file-contains-full-apache-2-license',
    'the licences of the parts of Node.js stand here unchanged',
  ],
  ['old-fsf-address-in-copyright-file', 'likewise'],
] as const

const documentsOf = (name: string, release: Release, copyright: string): Deb['files'] => ({
  [`/usr/share/doc/${name}/copyright`]: file(copyright),
  [`/usr/share/doc/${name}/changelog.gz`]: zipped(changelog(name, release)),
})

const main = async (executable: string, release: Release, metas: readonly Metafile[]): Promise<Deb> => {
  const pages = manPages(release.version)
  const docs = await Promise.all(
    documents.map(async (name) => {
      const text = await readFile(join(root, name))
      return name.endsWith('.md')
        ? ([`/usr/share/doc/cvmboot/${name}.gz`, zipped(text)] as const)
        : ([`/usr/share/doc/cvmboot/${name}`, file(text)] as const)
    }),
  )
  const manuals = pages.map(
    (page) =>
      [`/usr/share/man/man${page.section}/${page.name}.${page.section}.gz`, zipped(printPage(page))] as const,
  )
  return {
    name: 'cvmboot',
    architecture: 'amd64',
    relations: {
      Depends: ['e2fsprogs', ...(await libraries())],
      Recommends: ['erofs-utils', 'fakeroot', 'lz4', 'xz-utils'],
      Suggests: ['binutils', 'sbsigntool', 'squashfs-tools', 'systemd-boot-efi', 'systemd-ukify', 'zstd'],
    },
    description: [
      'verified early boot for confidential VMs',
      'cvmboot lays out a disk with dm-verity volumes, packs an initramfs or a unified kernel image for it, and in a confidential VM (AMD SEV-SNP, Intel TDX) boots it: from volumes that root hashes on the measured kernel command line verify, and with volumes that are encrypted with keys that the host never has.',
      'This package changes no initramfs of this machine: cvmboot-dracut and cvmboot-initramfs-tools do.',
    ],
    files: {
      '/usr/sbin/cvmboot': { mode: 0o755, from: executable },
      '/etc/cvmboot/partition.conf': file(printExample()),
      ...Object.fromEntries([...completions()].map(([path, text]) => [path, file(text)] as const)),
      ...Object.fromEntries([...docs, ...manuals, ...unitFiles()]),
      '/usr/share/lintian/overrides/cvmboot': file(
        overrides.map(([tag, why]) => `# ${why}\ncvmboot: ${tag} *\n`).join(''),
      ),
      ...documentsOf('cvmboot', release, await printCopyright(metas)),
    },
    conffiles: ['/etc/cvmboot/partition.conf'],
    triggers: [],
  }
}

const generators = {
  dracut: { name: 'cvmboot-dracut', depends: 'dracut-core' },
  'initramfs-tools': { name: 'cvmboot-initramfs-tools', depends: 'initramfs-tools-core' },
} as const satisfies Record<Framework, unknown>

const generator = (framework: Framework, release: Release): Deb => {
  const { name, depends } = generators[framework]
  return {
    name,
    architecture: 'all',
    relations: { Depends: [`cvmboot (= ${release.version})`, depends] },
    description: [
      `verified early boot for confidential VMs - ${framework} integration`,
      `With this package every initramfs that ${framework} makes boots by cvmboot: from the verified volumes that the kernel command line names, or not at all.`,
      'Install it in the image of a confidential VM, not on the machine that builds the image: the building machine would not boot again.',
    ],
    files: { ...Object.fromEntries(filesFor(framework)), ...documentsOf(name, release, ownLicense) },
    conffiles: [],
    // The packages of both generators react to this trigger, and make every initramfs anew.
    triggers: ['activate-noawait update-initramfs'],
  }
}

/** All packages around one executable. `metas` are esbuild's lists of the files in its scripts. */
export const debs = async (
  executable: string,
  release: Release,
  metas: readonly Metafile[],
): Promise<Deb[]> => [
  await main(executable, release, metas),
  generator('dracut', release),
  generator('initramfs-tools', release),
]
