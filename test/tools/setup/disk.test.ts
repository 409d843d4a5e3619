// The disk as a whole: the place of each part, and other tools that read the disk.

import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseConfig, printConfig } from '../../../src/config/config.ts'
import { claimOf } from '../../../src/inspect/claim.ts'
import { inspectPath } from '../../../src/inspect/inspect.ts'
import { gptAttributes, gptTypes } from '../../../src/layout/gpt.ts'
import { treeName, verityNames } from '../../../src/layout/layout.ts'
import { fixedSalt, partuuids, type RootHash } from '../../../src/layout/verity.ts'
import { named, parseParams } from '../../with/params.ts'
import {
  config,
  extract,
  faultFrom,
  partitionsOf,
  place,
  plant,
  plantRoot,
  scratch,
  setUp,
  sources,
  tool,
} from '../../with/setup-rig.ts'

const formats = ['erofs', 'squashfs', 'ext4'] as const
const at = place()
const disk = join(at, 'disk.img')
const summary = await setUp({ disk })
// Ready images of the rig's trees, with the mount points, by way of a disk.
const made = place()
for (const format of formats) {
  const to = join(made, format)
  await setUp({ disk: join(made, 'disk.img'), out: to, format, force: true })
  for (const name of verityNames) extract(join(made, 'disk.img'), name, join(to, name))
}
const facts = JSON.parse(readFileSync(join(at, 'roothashes.json'), 'utf8'))

test('the output is the disk and three text files, and nothing else', () => {
  assert.equal(readdirSync(at).sort(), ['cmdline', 'disk.img', 'partition.conf', 'roothashes.json'])
  assert.match(summary, /^wrote .*disk\.img: /)
  assert.match(summary, facts['os-config'].roothash)
  assert.match(summary, /next: cvmboot pack .*partition\.conf/)
})

test('an image file for disks of 4096-byte blocks has its table and its partitions in such blocks', async () => {
  const to = place()
  const large = join(to, 'disk.img')
  await setUp({ disk: large, 'sector-size': '4096' })
  const { content, refused } = inspectPath(large, 'claimed')
  assert.is(refused, undefined)
  if (content.kind !== 'gpt') return assert.unreachable(content.kind)
  assert.is(content.gpt.blockSize, 4096)
  const kinds = content.partitions.map(({ name, claim }) => `${name} ${claim.kind}`)
  const small = inspectPath(disk, 'claimed').content
  if (small.kind !== 'gpt') return assert.unreachable(small.kind)
  assert.is(small.gpt.blockSize, 512)
  assert.equal(
    kinds,
    small.partitions.map(({ name, claim }) => `${name} ${claim.kind}`),
  )
  // The volumes are the same to the byte, and so are the words for the kernel.
  for (const name of ['cmdline', 'roothashes.json'])
    assert.is(readFileSync(join(to, name), 'utf8'), readFileSync(join(at, name), 'utf8'))
})

/** `setup` in a process of its own, by its words alone: its output, or the line of its refusal without the program's name. */
const siteSetup = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, '../../../src/main.ts'),
      'setup',
      ...args,
    ],
    { encoding: 'utf8' },
  )
  return status === 0
    ? stdout
    : (stderr.split('\n').find((line) => line.startsWith('cvmboot: ')) ?? stderr).slice(9)
}

test('with --site-by-host-data two sites have one command line, and each disk has its record, whose digest the summary has', async () => {
  const other = plant('other-site', { 'etc/motd': 'hello from another site\n' })
  const lines: string[] = []
  for (const site of [{}, { 'os-config': other }]) {
    const to = place()
    const made = join(to, 'disk.img')
    const said = await setUp({ disk: made, 'site-by-host-data': true, ...site })
    lines.push(readFileSync(join(to, 'cmdline'), 'latin1'))
    tool('sfdisk', '--verify', made)
    const record = extract(made, 'os-config-site', join(to, 'record'))
    const text = readFileSync(record, 'latin1').replace(/\0+$/, '')
    const { roothash } = JSON.parse(readFileSync(join(to, 'roothashes.json'), 'utf8'))['os-config']
    assert.match(
      text,
      new RegExp(`^cvmboot site v1\nvolume os-config\nroot-hash ${roothash}\nblocks [0-9]+\nsalt `),
    )
    for (const [program, field] of [
      ['sha256sum', 'HOSTDATA'],
      ['sha384sum', 'MRCONFIGID'],
    ] as const) {
      writeFileSync(join(to, 'text'), text)
      const [digest = ''] = tool(program, join(to, 'text')).split(' ')
      const base64 = Buffer.from(digest, 'hex').toString('base64')
      assert.ok(said.includes(`  ${field.padEnd(13)} ${digest} or ${base64}\n`), said)
    }
    const data = extract(made, 'os-config', join(to, 'data'))
    tool('veritysetup', 'verify', data, extract(made, 'os-config-verity', join(to, 'tree')), roothash)
  }
  assert.is(lines[0], lines[1])
  assert.is(parseParams(lines[0] ?? '').verity['os-config'], 'host-data')
})

test('with --site the disk has the volume of the site and its record alone, with the values that a whole disk has', async () => {
  const to = place()
  const whole = await setUp({ disk: join(to, 'whole.img'), 'site-by-host-data': true })
  const made = join(to, 'site.img')
  const said = siteSetup('--site', sources['os-config'], '--disk', made, '--config', config)
  tool('sfdisk', '--verify', made)
  const names = JSON.parse(tool('sfdisk', '--json', made)).partitiontable.partitions
  assert.equal(
    names.map(({ name }: { name: string }) => name),
    ['os-config', 'os-config-verity', 'os-config-site'],
  )
  for (const name of ['os-config', 'os-config-verity', 'os-config-site'])
    assert.equal(
      readFileSync(extract(made, name, join(to, 'one'))),
      readFileSync(extract(join(to, 'whole.img'), name, join(to, 'other'))),
      name,
    )
  const values = (text: string) =>
    text.split('\n').filter((line) => /^ {2}(?:HOSTDATA|MRCONFIGID) /.test(line))
  assert.is(values(said).length, 2)
  assert.equal(values(said), values(whole))
  const { content, refused } = inspectPath(made, 'claimed')
  if (content.kind !== 'gpt') return assert.unreachable(content.kind)
  assert.is(refused, undefined)
  const [, , record] = content.partitions
  assert.is(record?.claim.kind, 'site')
  for (const field of ['HOSTDATA', 'MRCONFIGID'])
    assert.ok(said.includes(` ${record?.claim.facts[field]} or `), `${field}\n${said}`)
  const later = Buffer.concat([Buffer.from('cvmboot site v2\n')], 4096)
  assert.equal(claimOf(later, 'record', 'claimed', undefined, 'any').facts, { readable: false })
  // No file beside the disk: the image of the fleet has them.
  assert.equal(readdirSync(to).sort(), [
    'cmdline',
    'one',
    'other',
    'partition.conf',
    'roothashes.json',
    'site.img',
    'whole.img',
  ])
})

test('--site refuses a disk that exists, a source that is none, and an option of the whole disk', () => {
  const made = join(place(), 'site.img')
  const good = ['--site', sources['os-config'], '--disk', made, '--config', config]
  siteSetup(...good)
  const before = readFileSync(made)
  assert.match(siteSetup(...good), /^target-not-empty: /)
  assert.equal(readFileSync(made), before)
  assert.match(siteSetup(...good, '--force'), /^wrote /)
  assert.match(siteSetup('--site', join(made, 'no'), '--disk', join(place(), 'd')), /^source-missing: /)
  assert.match(siteSetup(...good, '--esp', '64M'), /^usage: .*--esp/)
  assert.match(siteSetup('--site', sources['os-config']), /^usage: .*--disk/)
})

for (const kind of ['directories', 'tars', ...formats] as const)
  test(`veritysetup and sfdisk accept a disk made from ${kind}`, async () => {
    const to = place()
    const given: Record<string, string> = { disk: join(to, 'disk.img') }
    for (const name of verityNames) {
      const from = join(to, name)
      if (kind === 'tars') tool('tar', '-C', sources[name], '-czf', from, '.')
      else if (kind !== 'directories') copyFileSync(join(made, kind, name), from)
      // Not a multiple of 4096: it has to be padded, and not in place.
      if (name === 'os-config' && kind !== 'directories' && kind !== 'tars') appendFileSync(from, 'rest')
      if (kind !== 'directories') given[name] = from
    }
    await setUp(given)
    tool('sfdisk', '--verify', given['disk'] ?? '')
    const { verity } = parseParams(readFileSync(join(to, 'cmdline'), 'latin1'))
    const said = JSON.parse(readFileSync(join(to, 'roothashes.json'), 'utf8'))
    const partitions = partitionsOf(given['disk'] ?? '')
    for (const name of verityNames) {
      const { rootHash, blocks, salt } = named(verity[name])
      const data = extract(given['disk'] ?? '', name, join(to, 'data'))
      const tree = extract(given['disk'] ?? '', treeName(name), join(to, 'tree'))
      tool('veritysetup', 'verify', data, tree, rootHash)
      const shown = tool('veritysetup', 'dump', tree)
      assert.match(shown, new RegExp(`Salt:\\s+${fixedSalt(name)}`))
      assert.match(shown, new RegExp(`Data blocks:\\s+${blocks}\n`))
      assert.is(blocks * 4096n, BigInt(statSync(data).size))
      assert.is(partitions.get(name)?.uuid, partuuids(rootHash).data)
      assert.is(partitions.get(treeName(name))?.uuid, partuuids(rootHash).tree)
      assert.is(salt, said[name].salt)
      assert.is(rootHash, said[name].roothash)
      assert.is(said[name].data.bytes, statSync(data).size)
      assert.is(said[name].tree.bytes, statSync(tree).size)
      assert.is(said[name].data.partuuid, partuuids(rootHash).data)
    }
  })

test('names, types and attributes are those of the Discoverable Partitions Specification where they fit', () => {
  const of = (name: string) => {
    const p = partitionsOf(disk).get(name)
    return [p?.number, p?.type, p?.attributes]
  }
  const { readOnly, noAuto } = gptAttributes
  assert.equal(of('root-fs'), [1, gptTypes.root, readOnly | noAuto])
  assert.equal(of('root-fs-verity'), [2, gptTypes.rootVerity, readOnly | noAuto])
  assert.equal(of('os-config'), [5, gptTypes.linux, readOnly | noAuto])
  assert.equal(of('os-config-verity'), [6, gptTypes.linux, readOnly | noAuto])
  assert.equal(of('workspace'), [7, gptTypes.linux, noAuto])
  assert.equal(of('job-store'), [8, gptTypes.linux, noAuto])
  for (const { first } of partitionsOf(disk).values()) assert.is(first % 2048n, 0n)
})

test('workspace and job-store have the size the configuration says, and are blank', () => {
  const workspace = readFileSync(extract(disk, 'workspace', join(scratch, 'workspace')))
  assert.ok(workspace.equals(Buffer.alloc(3 * 1024 ** 2)))
  const jobs = readFileSync(extract(disk, 'job-store', join(scratch, 'jobs')))
  assert.ok(jobs.equals(Buffer.alloc(2 * 1024 ** 2)))
  assert.is(facts.workspace.data.partuuid, partitionsOf(disk).get('workspace')?.uuid)
})

test('the disk takes no more room than what is on it', async () => {
  const to = place()
  const big = join(to, 'big.conf')
  writeFileSync(big, 'WORKSPACE_SIZE=2T\n')
  await setUp({ disk: join(to, 'disk.img'), config: big })
  const { size, blocks } = statSync(join(to, 'disk.img'))
  assert.ok(size > 2 * 1024 ** 4)
  assert.ok(blocks * 512 < 1024 ** 2, `${blocks * 512} bytes`)
})

test('the command line is one line that parses back to the same volumes', () => {
  const line = readFileSync(join(at, 'cmdline'), 'latin1')
  assert.match(
    line,
    /^\S.* systemd\.import_credentials=no init_on_free=1 random\.trust_bootloader=off systemd\.gpt_auto=0 systemd\.swap=0\n$/,
  )
  const params = parseParams(line)
  for (const name of verityNames)
    assert.is(named(params.verity[name]).rootHash, facts[name].roothash as RootHash)
})

test('partition.conf is complete and canonical', () => {
  const text = readFileSync(join(at, 'partition.conf'), 'utf8')
  assert.is(text, printConfig(parseConfig(readFileSync(config, 'utf8'))))
  assert.match(text, 'WORKSPACE_SIZE=3M\n')
})

test('a source that is no source is refused', async () => {
  const nothing = join(scratch, 'nothing')
  writeFileSync(nothing, 'x'.repeat(9000))
  for (const path of [join(scratch, 'absent'), nothing, '/dev/null']) {
    const to = place()
    const { code, said } = await faultFrom(() => setUp({ disk: join(to, 'd'), 'oem-launcher': path }))
    assert.is(code, 'source-missing')
    assert.match(said, `${path} for oem-launcher`)
    assert.equal(readdirSync(to), [])
  }
})

test('what is known to be something else is named, with what to do', async () => {
  const to = place()
  const at = (name: string) => join(to, name)
  const disk = Buffer.alloc(70_000)
  disk.write('EFI PART', 512)
  writeFileSync(at('qcow2'), Buffer.concat([Buffer.from('514649fb', 'hex'), disk]))
  writeFileSync(at('disk.gz'), gzipSync(disk))
  writeFileSync(at('cpio.gz'), gzipSync(Buffer.from('070701'.repeat(100))))
  const expected = [
    ['qcow2', /but a disk image \(QEMU, qcow2\); convert it: qemu-img convert -f qcow2/],
    ['disk.gz', /it is a disk image, compressed by gzip; unpack it: gunzip/],
    ['cpio.gz', /an archive of cpio, as an initramfs is; pass a directory/],
  ] as const
  for (const [name, says] of expected) {
    const { code, said } = await faultFrom(() => setUp({ disk: at('d'), 'os-config': at(name) }))
    assert.is(code, 'source-missing')
    assert.match(said, says)
  }
  assert.equal(readdirSync(to).sort(), ['cpio.gz', 'disk.gz', 'qcow2'])
})

test('a volume larger than the configuration allows is refused with both numbers', async () => {
  const to = place()
  const small = join(to, 'small.conf')
  writeFileSync(small, 'ROOT_FS_SIZE=1M\nWORKSPACE_SIZE=1M\nJOBSTORE_SIZE=1M\n')
  const { code, said } = await faultFrom(() => setUp({ disk: join(to, 'd'), config: small }))
  assert.is(code, 'source-too-large')
  assert.match(said, /root-fs: its image has [0-9]{7} bytes, partition\.conf allows 1048576/)
  assert.equal(readdirSync(to), ['small.conf'])
})

for (const format of formats)
  test(`a ready ${format} image without a mount point is refused by its name`, async () => {
    const to = place()
    const image = join(made, format, 'root-fs')
    const conf = join(to, 'c')
    for (const [line, directory] of [
      ['OVERLAYS=/opt/overlay', '/opt/overlay'],
      // A file is no directory.
      ['OVERLAYS=/sbin/init', '/sbin/init'],
      ['WORKSPACE_MOUNT=/usr/share/text', '/usr/share/text'],
    ]) {
      writeFileSync(conf, `WORKSPACE_SIZE=1M\n${line}\n`)
      const refused = await faultFrom(() =>
        setUp({ disk: join(to, 'e'), out: join(to, 'e.d'), config: conf, 'root-fs': image }),
      )
      assert.is(refused.code, 'source-mount-point')
      assert.match(refused.said, `for root-fs: it has no directory ${directory},`)
    }
    writeFileSync(conf, 'WORKSPACE_SIZE=1M\nCONFIG_OVER_ETC=motd\n')
    const etc = await faultFrom(() =>
      setUp({
        disk: join(to, 'f'),
        out: join(to, 'f.d'),
        config: conf,
        'os-config': join(made, format, 'oem-launcher'),
      }),
    )
    assert.match(etc.said, /^source-mount-point: .*for os-config: it has no directory \/etc,/)
  })

test('what lies over /etc is never made up: os-config without etc is refused', async () => {
  const to = place()
  const conf = join(to, 'c')
  writeFileSync(conf, 'WORKSPACE_SIZE=1M\nCONFIG_OVER_ETC=motd\n')
  await setUp({ disk: join(to, 'd'), out: join(to, 'd.d'), config: conf })
  const { code, said } = await faultFrom(() =>
    setUp({ disk: join(to, 'e'), out: join(to, 'e.d'), config: conf, 'os-config': sources['oem-launcher'] }),
  )
  assert.is(code, 'source-mount-point')
  assert.match(said, 'it has no directory /etc,')
})

test('a file or a link where a tree needs a directory is refused', async () => {
  for (const [name, plan] of [
    ['file-in-the-way', () => plantRoot('in-the-way', { mnt: 'a file' })],
    ['link-in-the-way', () => linked()],
  ] as const) {
    const { code } = await faultFrom(() => setUp({ disk: join(place(), name), 'root-fs': plan() }))
    assert.is(code, 'source-mount-point', name)
  }
})
const linked = (): string => {
  const tree = plantRoot('linked', { 'real/': '' })
  tool('ln', '-sfn', 'real', join(tree, 'mnt'))
  return tree
}

test('a tool that fails is named with what it said', async () => {
  const to = place()
  copyFileSync(disk, join(to, 'bad.tar.gz'))
  writeFileSync(join(to, 'bad.tar.gz'), Buffer.from('1f8b0800deadbeef', 'hex'))
  const bad = await faultFrom(() => setUp({ disk: join(to, 'd'), 'os-config': join(to, 'bad.tar.gz') }))
  assert.is(bad.code, 'tool-failed')
  assert.match(bad.said, /(?:tar|fakeroot) failed: exit/)
  assert.equal(readdirSync(to), ['bad.tar.gz'])
})

test('the configuration that was read is not replaced, unless it says the same already', async () => {
  const to = place()
  mkdirSync(join(to, 'out'))
  const conf = join(to, 'partition.conf')
  writeFileSync(conf, '# mine\nWORKSPACE_SIZE=1M\nJOBSTORE_SIZE=1M\n')
  const { code, said } = await faultFrom(() => setUp({ disk: join(to, 'd'), config: conf, force: true }))
  assert.is(code, 'usage')
  assert.match(said, /choose another --out/)
  await setUp({ disk: join(to, 'd'), config: conf, out: join(to, 'out') })
  const canonical = join(to, 'out', 'partition.conf')
  await setUp({ disk: join(to, 'e'), config: canonical, out: join(to, 'out'), force: true })
})

test.run()
