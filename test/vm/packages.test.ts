// The Debian packages in the machine of a user: a fresh Debian of each release with its initramfs generator. The initramfs that
// dpkg's triggers make boots, and purging leaves nothing behind.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as assert from 'uvu/assert'
import { makePackages } from '../../build/package/package.ts'
import type { Framework } from '../../src/install/frameworks.ts'
import { suite } from '../with/suite.ts'
import { builtIn, type Job } from './builder.ts'
import { readReport } from './guest-report.ts'
import { debianKernel, type Suite } from './kernel.ts'
import { executable, power, say, trees, world } from './world.ts'

const test = suite<{ place: string; debs: readonly string[] }>('the Debian packages')

test.before(async (context) => {
  await world()
  context.place = await mkdtemp(join(tmpdir(), 'cvmboot-debs-'))
  const release = { version: '0.0.1', time: 1_700_000_000, maintainer: 'Nobody <nobody@cvmboot.invalid>' }
  context.debs = await makePackages(context.place, release)
})

test.after(({ place }) => rm(place, { recursive: true, force: true }))

const depends = ['e2fsprogs', 'libatomic1', 'libgcc-s1', 'libstdc++6']

const generators: Readonly<Record<Framework, readonly string[]>> = {
  dracut: ['dracut', 'dmsetup', 'systemd-sysv', 'lz4'],
  'initramfs-tools': ['initramfs-tools', 'lz4'],
}

/** Where the packages are laid, and what stands in for the executable: no VM of ours is a confidential one. */
const at = '/usr/share/trial'

/** All is noted in /out: names and, of what an administrator sees, content. */
const script = (framework: Framework): string => `set -e
export DEBIAN_FRONTEND=noninteractive
everything() {
  find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /out -o -path /boot \\
    -o -path /var/lib/dpkg -o -path /var/log -o -path '/var/cache/*' \\) -prune -o -print | sort
  find /etc -type f -exec sha256sum {} + | sort
}
# All initramfs that there are, made anew as an upgrade of anything would.
anew() { dpkg-trigger --no-await update-initramfs; dpkg --triggers-only --pending; }
holds() { if [ "$framework" = dracut ]; then lsinitrd "$image"; else lsinitramfs "$image"; fi | grep -c usr/sbin/cvmboot; }
framework=${framework} image=/boot/initrd.img-$1
# Four images are made here; what compresses best takes minutes where the processor is shared.
mkdir -p /etc/dracut.conf.d /etc/initramfs-tools/conf.d
echo 'compress="lz4"' >/etc/dracut.conf.d/90-trial.conf; echo COMPRESS=lz4 >/etc/initramfs-tools/conf.d/trial
exec 3>&1 >/out/log 2>&1
trap 'status=$?; [ $status = 0 ] || cat /out/log >&3; exit $status' EXIT
${framework === 'dracut' ? 'anew' : 'update-initramfs -c -k "$1"'}
everything >/out/before
holds >/out/held-before || :
dpkg --install ${at}/*.deb
holds >/out/held-after
dpkg --verify cvmboot cvmboot-${framework} >/out/verify || :
cvmboot --version >/out/version
mv /usr/sbin/cvmboot /usr/sbin/cvmboot.kept; mv /etc/cvmboot/partition.conf /tmp/kept
cp ${at}/cvmboot-mock /usr/sbin/cvmboot; cp ${at}/partition.conf /etc/cvmboot/partition.conf
anew
cp "$image" /out/initramfs; chmod 644 /out/initramfs
mv /usr/sbin/cvmboot.kept /usr/sbin/cvmboot; mv /tmp/kept /etc/cvmboot/partition.conf
dpkg --purge cvmboot-${framework} cvmboot
everything >/out/after
holds >/out/held-purged || :
`

const installed = async (suite: Suite, framework: Framework, debs: readonly string[]): Promise<string> => {
  const wanted = debs.filter((path) => /\/cvmboot(?:-dracut|-initramfs-tools)?_/.test(path))
  const ours = wanted.filter((path) => new RegExp(`/cvmboot(?:-${framework})?_`).test(path))
  const job: Job = {
    suite,
    packages: [...depends, ...generators[framework]],
    files: {
      ...Object.fromEntries(ours.map((path) => [`${at}/${basename(path)}`, path])),
      [`${at}/cvmboot-mock`]: executable('cvmboot-mock'),
      [`${at}/partition.conf`]: join(trees, 'partition.conf'),
    },
    script: script(framework),
  }
  return builtIn(`packages-${framework}`, job, say)
}

for (const [suite, framework] of [
  ['bookworm', 'initramfs-tools'],
  ['trixie', 'dracut'],
] as const) {
  const read = async (debs: readonly string[], name: string) =>
    readFile(join(await installed(suite, framework, debs), name), 'utf8')

  test(`${suite}: installing cvmboot-${framework} puts it into every initramfs, purging takes it out`, async ({
    debs,
  }) => {
    assert.is(await read(debs, 'held-before'), '0\n')
    assert.is(await read(debs, 'held-after'), '1\n')
    assert.is(await read(debs, 'held-purged'), '0\n')
    assert.match(await read(debs, 'version'), /^cvmboot /)
    assert.is(await read(debs, 'verify'), '', 'what dpkg installed is what was packed')
  })

  test(`${suite}: purging leaves nothing behind`, async ({ debs }) => {
    assert.is(await read(debs, 'after'), await read(debs, 'before'))
  })

  test(`${suite}: an initramfs that ${framework} made with it boots`, async ({ debs }) => {
    const initramfs = join(await installed(suite, framework, debs), 'initramfs')
    const from = await world()
    const { image, modules } = await debianKernel(suite, say)
    const result = await power(from, {
      initramfs,
      kernel: image,
      memoryMiB: 1024,
      timeoutSeconds: 600,
    })
    const { facts } = readReport(result.console)
    assert.is(result.ended, 'off')
    assert.is(facts.get('kernel'), basename(modules))
    for (const volume of ['root-fs', 'oem-launcher', 'os-config'])
      assert.match(facts.get(`status ${volume}`) ?? '', / verity V( -)?$/)
    assert.match(facts.get('launcher') ?? '', /^ran from \/mnt\/nvflare\/oem-launcher /)
    assert.is(facts.get('read back workspace'), 'same')
  })
}

test.run()
