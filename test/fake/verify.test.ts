// Each way in which a running machine can differ from the measured one, as a change of a recorded machine. The test
// test/vm/running.test.ts makes the same changes in a real machine.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hostData } from '../../src/cmdline/params.ts'
import { type FaultCode, faultOf, say } from '../../src/fault/index.ts'
import { headerDigest } from '../../src/layout/luks2/digest.ts'
import { type SiteRecord, siteValue } from '../../src/layout/site.ts'
import { printSalt } from '../../src/layout/verity.ts'
import { parseState, printState, type StepState } from '../../src/proof/state.ts'
import { readBooted } from '../../src/runtime/booted.ts'
import { compare } from '../../src/runtime/compare.ts'
import { readDeep } from '../../src/runtime/deep.ts'
import { mountAt, parseMounts } from '../../src/runtime/mounts.ts'
import { overviewOf } from '../../src/runtime/overview.ts'
import { printOverview, printOverviewJson } from '../../src/runtime/overview-text.ts'
import { stepsOf } from '../../src/runtime/planned.ts'
import { sceneOf } from '../../src/runtime/scene.ts'
import type { Mapping } from '../../src/runtime/system.ts'
import { type Finding, printFindings } from '../../src/terminal/finding.ts'
import { plain, type Screen, screenOf } from '../../src/terminal/screen.ts'
import { bootRecorded, statusThere } from '../with/golden-machine.ts'
import { named } from '../with/params.ts'
import { type Recorded, systemOf } from '../with/recorded-system.ts'
import { must } from '../with/site.ts'
import { verbOf } from '../with/verb.ts'

const verify = verbOf('verify')

const status = verbOf('status')

const sceneFrom = (recorded: Recorded) => {
  const system = systemOf(recorded)
  const { plan, state } = readBooted(system, undefined)
  return sceneOf(system, plan, state)
}
const bads = (findings: readonly Finding[]): string[] =>
  findings.flatMap((finding) => (finding.result === 'bad' ? [say(finding.fault)] : []))
const found = (change: (recorded: Recorded) => Recorded) => bads(compare(sceneFrom(change(bootRecorded()))))

const mountinfo = '/proc/1/mountinfo'
const optionsOf = {
  'job-store': '/proc/fs/ext4/vda8/options',
  workspace: '/proc/fs/ext4/dm-4/options',
} as const
/** The recorded boot had this word on its command line. */
const words = 'CMDLINE_WORDS="cryptomgr.notests no_timer_check"\n'
const withText =
  (path: string, change: (text: string) => string) =>
  (recorded: Recorded): Recorded => ({
    ...recorded,
    texts: { ...recorded.texts, [path]: change(recorded.texts[path] ?? '') },
  })
const withMapping =
  (name: string, change: Partial<Mapping>) =>
  (recorded: Recorded): Recorded => {
    const before = recorded.mappings?.[name]
    if (before === undefined) throw new Error(`no mapping ${name}`)
    return { ...recorded, mappings: { ...recorded.mappings, [name]: { ...before, ...change } } }
  }
const withNames =
  (directory: string, ...names: string[]) =>
  (recorded: Recorded): Recorded => ({
    ...recorded,
    directories: {
      ...recorded.directories,
      [directory]: [...(recorded.directories?.[directory] ?? []), ...names],
    },
  })
const both =
  (...changes: ((recorded: Recorded) => Recorded)[]) =>
  (recorded: Recorded): Recorded =>
    changes.reduce((now, change) => change(now), recorded)

/** A mount on top of `/`, mount 28 of that machine. */
const mounted = (line: string) => withText(mountinfo, (text) => `${text}${line}\n`)
const root = () =>
  parseMounts(bootRecorded().texts[mountinfo] ?? '').find(({ target }) => target === '/')?.id ?? 0
const idOf = (path: string) =>
  parseMounts(bootRecorded().texts[mountinfo] ?? '').find(({ target }) => target === path)?.id ?? 0

test('a machine that runs as it was measured has no finding that is bad', () => {
  const findings = compare(sceneFrom(bootRecorded()))
  assert.equal(bads(findings), [])
  assert.ok(findings.length >= 14)
})

/** The recorded machine as one of a fleet: the command line has no root hash of os-config, and the state has the site. */
const ofSite = (record: SiteRecord, value: string) =>
  both(
    withText('/proc/cmdline', (line) =>
      line
        .replace(/cvmboot\.roothash\.os-config=\S+/, 'cvmboot.roothash.os-config=host-data')
        .replace(/ cvmboot\.(?:data-blocks|salt)\.os-config=\S+/g, ''),
    ),
    withText('/run/cvmboot/state.json', (text) => {
      const state = must(parseState(text))
      const evidence = {
        kind: 'read-site',
        volume: 'os-config',
        field: 'HOSTDATA',
        value,
        data: '/dev/vdb3',
        rootHash: record.rootHash,
        blocks: `${record.blocks}`,
        salt: printSalt(record.salt),
      } as const
      const step = { step: 'read-site os-config', at: 1, milliseconds: 1, evidence }
      return printState({ ...state, steps: [step, ...state.steps] })
    }),
  )

test('the mapping of the volume of a site is proved from the record that has the value', () => {
  const { plan } = sceneFrom(bootRecorded())
  const opened = must(stepsOf(plan, 'open-verity').find(({ volume }) => volume === 'os-config'))
  const record = named('blocks' in opened ? opened : hostData)
  const value = siteValue(record, 'HOSTDATA')
  assert.equal(found(ofSite(record, value)), [])
  const [row] = overviewOf(sceneFrom(ofSite(record, value)(bootRecorded()))).volumes.filter(
    ({ name }) => name === 'os-config',
  )
  assert.is(row?.by, `sha256 ${record.rootHash}, by HOSTDATA ${value}`)
  const other = { ...record, blocks: record.blocks + 1n }
  const swapped = found(ofSite(other, siteValue(other, 'HOSTDATA')))
  assert.match(swapped.join('\n'), /^verify-mapping: .*os-config/)
  const forged = found(ofSite(other, value))
  assert.match(forged.join('\n'), /verify-mapping: .*os-config any more: its mapping has no site record/)
  assert.match(forged.join('\n'), /verify-site: .*the record of the state does not have the digest/)
})

const xtsTable = ({ key = 'cvmboot:workspace', on = '253:7', offset = 4096 }): string =>
  `aes-xts-plain64 :64:logon:${key} 0 ${on} ${offset} 1 sector_size:4096`
/** The same machine with a workspace without integrity. */
const xts = (differently: Parameters<typeof xtsTable>[0]) =>
  both(
    withText('/run/cvmboot/partition.conf', (text) =>
      text.replace('WORKSPACE_INTEGRITY=hmac-sha256', 'WORKSPACE_INTEGRITY=none'),
    ),
    withMapping('workspace', { table: xtsTable(differently) }),
  )
const workspaceTable = (change: (table: string) => string) => (recorded: Recorded) =>
  withMapping('workspace', { table: change(recorded.mappings?.['workspace']?.table ?? '') })(recorded)

const changes: readonly (readonly [string, (recorded: Recorded) => Recorded, FaultCode, RegExp])[] = [
  [
    'a bind mount over a volume',
    mounted(
      `200 ${idOf('/mnt/nvflare/oem-launcher')} 0:24 /evil /mnt/nvflare/oem-launcher rw - tmpfs run rw`,
    ),
    'verify-mount',
    /\/mnt\/nvflare\/oem-launcher any more: run is mounted there/,
  ],
  [
    'a bind mount inside a volume',
    mounted(`200 ${root()} 0:24 /evil /usr/bin rw - tmpfs run rw`),
    'verify-unplanned',
    /\/usr\/bin: tmpfs \(run\)/,
  ],
  [
    'a file over what the kernel says of swap',
    mounted(`200 ${idOf('/proc')} 0:24 /evil/swaps /proc/swaps rw - tmpfs run rw`),
    'verify-unplanned',
    /\/proc\/swaps: tmpfs \(run\)/,
  ],
  [
    'one setting of the kernel over another',
    mounted(`200 ${idOf('/proc')} 0:22 /sys/kernel/ostype /proc/sys/kernel/sysrq rw - proc proc rw`),
    'verify-unplanned',
    /\/proc\/sys\/kernel\/sysrq: proc \(proc\)/,
  ],
  [
    'an overlay that was not planned',
    mounted(`200 ${root()} 0:99 / /usr rw - overlay evil rw,lowerdir=/usr`),
    'verify-unplanned',
    /\/usr: overlay \(evil\)/,
  ],
  [
    'a remount rw',
    withText(mountinfo, (text) => text.replace('/mnt/nvflare/os-config ro,', '/mnt/nvflare/os-config rw,')),
    'verify-mount',
    /os-config any more: it is not mounted ro/,
  ],
  ...(['nosuid', 'nodev', 'noexec', 'nosymfollow'] as const).map(
    (option) =>
      [
        `a plain job-store that lost ${option}`,
        withText(mountinfo, (text) =>
          text.replace(/ \/mnt\/nvflare\/job-store .*/, (line) => line.replace(`,${option}`, '')),
        ),
        'verify-mount',
        new RegExp(`job-store any more: it is not mounted ${option};`),
      ] as const,
  ),
  ...(['job-store', 'workspace'] as const).flatMap((volume) =>
    [/errors=.*/, /errors=.*\n/, /[\s\S]*/].map(
      (what, n) =>
        [
          `a ${volume} that goes on after errors (${n})`,
          withText(optionsOf[volume], (text) => text.replace(what, n === 0 ? 'errors=continue' : '')),
          'verify-mount',
          new RegExp(`${volume} any more: it is not mounted errors=remount-ro;`),
        ] as const,
    ),
  ),
  ...(['job-store', 'workspace'] as const).flatMap((volume) =>
    ['ro', 'rw,emergency_ro'].map(
      (options) =>
        [
          `a ${volume} in which the kernel met an error (${options})`,
          withText(mountinfo, (text) =>
            text.replace(new RegExp(`(/${volume} .* ext4 \\S+) rw`), `$1 ${options}`),
          ),
          'verify-mount',
          new RegExp(`${volume} any more: its file system takes no more writes, as after an error in it;`),
        ] as const,
    ),
  ),
  [
    'a file system that is writable beneath',
    withText(mountinfo, (text) => text.replace('erofs /dev/dm-2 ro', 'erofs /dev/dm-2 rw')),
    'verify-mount',
    /os-config any more: it is not mounted ro/,
  ],
  [
    'a mount that lost nosuid',
    withText(mountinfo, (text) =>
      text.replace('/mnt/nvflare/workspace rw,nosuid', '/mnt/nvflare/workspace rw'),
    ),
    'verify-mount',
    /not mounted nosuid/,
  ],
  [
    'a part of a volume in place of it',
    withText(mountinfo, (text) =>
      text.replace(' / /mnt/nvflare/os-config ', ' /sub /mnt/nvflare/os-config '),
    ),
    'verify-mount',
    /only \/sub of it/,
  ],
  [
    'a larger tmpfs',
    withText(mountinfo, (text) =>
      text.replace(
        '/tmp rw,nosuid,nodev,relatime shared:6 - tmpfs tmpfs rw,size=131072k',
        '/tmp rw,nosuid,nodev,relatime shared:6 - tmpfs tmpfs rw,size=1048576k',
      ),
    ),
    'verify-mount',
    /\/tmp any more: its limit is 1073741824/,
  ],
  [
    'another file system in the place of a tmpfs',
    withText(mountinfo, (text) => text.replace(/( \/tmp .* - )tmpfs /, '$1ramfs ')),
    'verify-mount',
    /\/tmp any more: it is ramfs/,
  ],
  [
    'a tmpfs that lost nodev',
    withText(mountinfo, (text) => text.replace(' /tmp rw,nosuid,nodev,', ' /tmp rw,nosuid,')),
    'verify-mount',
    /\/tmp any more: it is not mounted nodev/,
  ],
  [
    'a tmpfs of more files',
    withText(mountinfo, (text) => text.replace(/( \/tmp .*)nr_inodes=8192/, '$1nr_inodes=1000000')),
    'verify-mount',
    /\/tmp any more: its limit of files is 1000000, not 8192/,
  ],
  [
    'a tmpfs that may be swapped',
    withText(mountinfo, (text) => text.replace(/( \/tmp .*),noswap/, '$1')),
    'verify-mount',
    /noswap/,
  ],
  [
    'layers of other directories',
    withText(mountinfo, (text) => text.replace('lowerdir=/sysroot/mnt', 'lowerdir=/evil')),
    'verify-mount',
    /\/etc any more: it is an overlay of other/,
  ],
  [
    'a layer of another directory on top',
    withText(mountinfo, (text) => text.replace('upperdir=/run/cvmboot/overlay/etc/', 'upperdir=/run/evil/')),
    'verify-mount',
    /\/etc any more: it is an overlay of other/,
  ],
  [
    'layers that lost nosuid',
    withText(mountinfo, (text) => text.replace(' /etc rw,nosuid,', ' /etc rw,')),
    'verify-mount',
    /\/etc any more: it is not mounted nosuid/,
  ],
  [
    'another file system in the place of layers',
    withText(mountinfo, (text) => text.replace(/( \/var .* - )overlay /, '$1tmpfs ')),
    'verify-mount',
    /\/var any more: it is tmpfs/,
  ],
  [
    'another file system on a volume',
    withText(mountinfo, (text) => text.replace(/(\/mnt\/nvflare\/os-config .* - )erofs/, '$1ramfs')),
    'verify-mount',
    /it is ramfs/,
  ],
  [
    'a volume that is not mounted',
    withText(mountinfo, (text) => text.replace(/^.* \/tmp .*\n/m, '')),
    'verify-mount',
    /nothing of ours/,
  ],
  [
    'a replaced dm table',
    withMapping('oem-launcher', { table: '1 253:3 253:4 4096 4096 1 1 sha256 ab cd' }),
    'verify-mapping',
    /oem-launcher any more: its mapping has another table/,
  ],
  [
    'another target',
    withMapping('root-fs', { target: 'linear', table: '253:1 0' }),
    'verify-mapping',
    /is dm-linear/,
  ],
  [
    'a table of another root hash',
    (recorded: Recorded) => {
      const { table = '' } = recorded.mappings?.['os-config'] ?? {}
      return withMapping('os-config', { table: table.replace(/ sha256 [0-9a-f]{8}/, ' sha256 01234567') })(
        recorded,
      )
    },
    'verify-mapping',
    /os-config any more: its mapping has another table: .* sha256 01234567/,
  ],
  ['no dm-crypt beneath', withMapping('workspace', { target: 'linear' }), 'verify-mapping', /is dm-linear/],
  [
    "a key in the table of a stranger's mapping",
    both(
      withNames('/sys/block', 'dm-9'),
      withText('/sys/block/dm-9/dm/name', () => 'stranger\n'),
      (recorded) => {
        const { workspace } = recorded.mappings ?? {}
        const table = `aes-xts-plain64 ${'ab'.repeat(64)} 0 253:9 0`
        return workspace === undefined
          ? recorded
          : { ...recorded, mappings: { ...recorded.mappings, stranger: { ...workspace, table } } }
      },
    ),
    'verify-mapping',
    /stranger any more: its mapping shows its key/,
  ],
  ['a writable mapping', withMapping('root-fs', { access: 'read-write' }), 'verify-mapping', /is writable/],
  ['a shorter mapping', withMapping('root-fs', { sectors: 8n }), 'verify-mapping', /has 8 sectors/],
  [
    'a wrong block met',
    withMapping('root-fs', { status: 'C' }),
    'verify-mapping',
    /has met a wrong block \(C\)/,
  ],
  [
    'a key in a dm table',
    withMapping('workspace', { table: `aes-xts-plain64 ${'ab'.repeat(64)} 0 253:7 0` }),
    'verify-mapping',
    /one with a key in it/,
  ],
  ['another key', xts({ key: 'cvmboot:evil' }), 'verify-mapping', /the key cvmboot:evil/],
  [
    'another key, with integrity',
    workspaceTable((table) => table.replace('cvmboot:workspace', 'cvmboot:evil')),
    'verify-mapping',
    /the key cvmboot:evil/,
  ],
  ['data from elsewhere on the partition', xts({ offset: 8 }), 'verify-mapping', /begins at sector 8/],
  ['another partition', xts({ on: '253:8' }), 'verify-mapping', /a partition named job-store/],
  [
    'a mapping that ends early',
    both(xts({}), (recorded) => ({ ...recorded, bytes: { '/dev/vda7': 1n << 30n } })),
    'verify-mapping',
    /workspace any more: its mapping has \d+ sectors/,
  ],
  [
    'a table without integrity where it is configured',
    withMapping('workspace', { table: xtsTable({}) }),
    'verify-mapping',
    /is encrypted as xts, not as xts-hmac/,
  ],
  [
    'an extra mapping on a partition',
    both(
      withNames('/sys/dev/block/253:3/holders', 'dm-9'),
      withText('/sys/block/dm-9/dm/name', () => 'again\n'),
    ),
    'verify-shared',
    /\/dev\/vda3: the mapping again/,
  ],
  [
    'an extra mapping on the disk',
    both(
      withNames('/sys/dev/block/253:3/../holders', 'dm-9'),
      withText('/sys/block/dm-9/dm/name', () => 'again\n'),
    ),
    'verify-shared',
    /the mapping again/,
  ],
  [
    'a loop device on a partition',
    both(
      withNames('/sys/block', 'loop0'),
      withText('/sys/block/loop0/loop/backing_file', () => '/dev/vda7\n'),
    ),
    'verify-shared',
    /\/dev\/vda7: \/dev\/loop0/,
  ],
  [
    'a loop device on the partition that is not encrypted',
    both(
      withNames('/sys/block', 'loop0'),
      withText('/sys/block/loop0/loop/backing_file', () => '/dev/vda8\n'),
    ),
    'verify-shared',
    /\/dev\/vda8: \/dev\/loop0/,
  ],
  [
    'a loop device on the disk',
    both(
      withNames('/sys/block', 'loop0'),
      withText('/sys/block/loop0/loop/backing_file', () => '/dev/vda\n'),
    ),
    'verify-shared',
    /\/dev\/loop0/,
  ],
  [
    'swapon after boot',
    withText('/proc/swaps', (text) => `${text}/mnt/nvflare/workspace/swap file 1 0 -2\n`),
    'verify-swap',
    /workspace\/swap/,
  ],
  [
    'a kernel setting taken back',
    withText('/proc/sys/kernel/sysrq', () => '438\n'),
    'verify-setting',
    /kernel\.sysrq is 0 as the boot set it: it is 438/,
  ],
  [
    'swap units that are not masked any more',
    (recorded: Recorded) => {
      const { ['/run/systemd/system/swap.target']: _, ...texts } = recorded.texts
      return { ...recorded, texts }
    },
    'verify-setting',
    /swap\.target is masked .*: it is not masked/,
  ],
  [
    'a unit in place of the mask',
    withText('/run/systemd/system/swap.target', () => '[Unit]\n'),
    'verify-setting',
    /swap\.target is masked .*: it is a file/,
  ],
  [
    'a generator that mounts what the host adds, not masked any more',
    withText('/run/systemd/system-generators/systemd-gpt-auto-generator', () => '#!/bin/sh\n'),
    'verify-setting',
    /systemd-gpt-auto-generator is masked .*: it is a file/,
  ],
  [
    'lockdown taken back',
    withText('/sys/kernel/security/lockdown', () => '[none] integrity confidentiality\n'),
    'verify-setting',
    /lockdown is integrity/,
  ],
]
for (const [what, change, code, says] of changes)
  test(`${what} is noticed`, () => {
    const all = found(change)
    assert.ok(all[0]?.startsWith(`${code}: `), all.join('\n'))
    assert.match(all[0] ?? '', says)
    assert.not.match(all.join(), /(?:ab){64}/)
  })

test('a mount above hides what is ours, and each of ours says so', () => {
  const all = found(mounted(`200 ${root()} 0:24 /evil /mnt rw - tmpfs run rw`))
  assert.is(all.filter((says) => /verify-mount: .*something covers it/.test(says)).length, 4)
})

test('mounts of the kernel in their places, and below what is writable, are nothing to say', () => {
  for (const line of [
    `200 ${root()} 0:99 / /dev/mqueue rw,nosuid,nodev,noexec - mqueue mqueue rw`,
    `200 ${root()} 0:99 / /run/user/0 rw - tmpfs tmpfs rw`,
    `200 ${idOf('/mnt/nvflare/workspace')} 0:99 / /mnt/nvflare/workspace/x rw - tmpfs x rw`,
    `200 ${idOf('/var')} 0:99 / /var/lib/x rw - tmpfs x rw`,
  ])
    assert.equal(found(mounted(line)), [], line)
  // As containers have it; nothing of it was ever verified.
  assert.equal(found(mounted(`200 ${root()} 0:99 / /run/x/rootfs rw - overlay overlay rw`)), [])
  // No disk belongs among the kernel's, nor a tmpfs anywhere else.
  assert.is(found(mounted(`200 ${root()} 8:1 / /sys/x rw - ext4 /dev/sda1 rw`)).length, 1)
  assert.is(found(mounted(`200 ${root()} 0:99 / /opt rw - tmpfs x rw`)).length, 1)
  // Nor one over what is the kernel's to say.
  assert.is(found(mounted(`200 ${root()} 0:99 / /sys/kernel rw - tmpfs x rw`)).length, 1)
  // What programs mount below their own memory nobody ever verified; that memory itself is systemd's to mount.
  assert.equal(found(mounted(`200 ${root()} 0:99 / /dev/shm/x rw - tmpfs x rw`)), [])
  assert.is(found(mounted(`200 ${root()} 0:99 /x /dev/shm rw,nosuid,nodev - tmpfs x rw`)).length, 1)
  // systemd mounts these with the options that keep devices and programs out.
  assert.is(found(mounted(`200 ${root()} 0:99 / /dev/mqueue rw - mqueue mqueue rw`)).length, 1)
  assert.is(found(mounted(`200 ${root()} 0:99 / /dev/x rw,nosuid,nodev,noexec - mqueue mqueue rw`)).length, 1)
})

test('without the eyes of root nothing counts as good', () => {
  const all = found((recorded) => ({ ...recorded, mappings: {} }))
  assert.is(all.filter((says) => says.includes('only root sees it')).length, 4)
})

const area = Buffer.alloc(1 << 20, 7)
const ofHeader = (heads: Record<string, Buffer>, digest: string | undefined): string[] => {
  const recorded = bootRecorded()
  const system = systemOf({ ...recorded, heads })
  const { plan, state } = readBooted(system, undefined)
  const steps = state.steps.flatMap(({ evidence, ...step }): StepState[] => {
    if (evidence.kind !== 'open-lasting') return [{ ...step, evidence }]
    return digest === undefined ? [] : [{ ...step, evidence: { ...evidence, header: digest } }]
  })
  return bads(compare(sceneOf(system, plan, { ...state, steps })))
}

test('a changed header of a volume that lasts is noticed, and one that lies in wait behind it', () => {
  const whole = Buffer.concat([area, Buffer.alloc(1 << 20)])
  const digest = headerDigest(area)
  const with7 = (head: Buffer) => ofHeader({ '/dev/vda7': head }, digest).join()
  assert.is(with7(whole), '')
  const changed = Buffer.from(whole)
  changed.writeUInt8(8, 5)
  assert.match(
    with7(changed),
    /^verify-header: .*workspace: on \/dev\/vda7 is not the one that this boot opened/,
  )
  assert.match(with7(Buffer.concat([area, area])), /^verify-header: .*has another one behind it/)
})

test('a header that cannot be read, or of which the state says nothing, does not count as good', () => {
  assert.match(ofHeader({}, headerDigest(area)).join(), /^verify-header: .*\/dev\/vda7 cannot be read/)
  assert.match(
    ofHeader({ '/dev/vda7': area }, undefined).join(),
    /^verify-header: .*the state does not say which header the boot opened/,
  )
})

test('the driver that derives keys is noticed when it is back, unless it was to stay', () => {
  const back = withNames('/dev', 'null', 'sev-guest')
  const of = (text: string, recorded: Recorded) =>
    found((before) => withText('/run/cvmboot/partition.conf', () => text)({ ...before, ...recorded })).filter(
      (says) => says.startsWith('verify-tee: '),
    )
  const snp = `${words}WORKSPACE_KEY=snp\nJOBSTORE_ENCRYPTION=none\n`
  assert.is(of(snp, back(bootRecorded())).length, 1)
  assert.equal(of(snp, bootRecorded()), [])
  assert.equal(of(`${snp}TEE_AFTER_BOOT=keep\n`, back(bootRecorded())), [])
})

test('a driver that the boot left for reports is noticed when it is another, or gone', () => {
  const config = `${words}JOBSTORE_ENCRYPTION=none\nTEE_AFTER_BOOT=report\n`
  const left = (tee: string) =>
    withText('/run/cvmboot/state.json', (state) => state.replace(/"tee": "absent"/, `"tee": "${tee}"`))
  const said = (devices: readonly string[], vmpckId: string | undefined, more: Partial<Recorded> = {}) => {
    const recorded = withNames('/dev', ...devices)(left('report')({ ...bootRecorded(), ...more }))
    const configured = withText('/run/cvmboot/partition.conf', () => config)(recorded)
    const parameter = '/sys/module/sev_guest/parameters/vmpck_id'
    const driver = vmpckId === undefined ? configured : withText(parameter, () => vmpckId)(configured)
    const all = compare(sceneFrom(driver))
    const of = all.filter(({ subject }) => subject === 'TEE')
    return of.map((one) => (one.result === 'bad' ? say(one.fault) : one.result))
  }
  assert.equal(said(['sev-guest'], '1\n'), ['good'])
  for (const [devices, vmpckId, reason] of [
    [['sev-guest'], '0\n', 'its driver uses VMPCK 0, and the boot left VMPCK 1'],
    [['sev-guest'], '-1\n', 'its driver uses VMPCK -1'],
    [['sev-guest'], undefined, 'its driver uses VMPCK of no known number'],
    [['null'], '1\n', '/dev/sev-guest is gone'],
  ] as const) {
    const [finding = '', ...more] = said(devices, vmpckId)
    assert.ok(finding.startsWith('verify-tee-vmpck: ') && finding.includes(reason), finding)
    assert.equal(more, [])
  }
  assert.match(said(['sev-guest'], '1\n', { teeRefuses: true })[0] ?? '', /^verify-tee-wiped: /)
  // The boot of a machine without the driver leaves none.
  const none = withText('/run/cvmboot/partition.conf', () => config)(left('absent')(bootRecorded()))
  const findings = compare(sceneFrom(none)).filter(({ subject }) => subject === 'TEE')
  assert.equal(
    findings.map(({ result }) => result),
    ['good'],
  )
})

test('a channel to the firmware whose key the kernel has wiped is noticed, by the driver or by the log', () => {
  const wiped = ['sev-guest sev-guest: Disabling VMPCK0 communication key to prevent IV reuse.']
  const kept = `${words}WORKSPACE_KEY=snp\nJOBSTORE_ENCRYPTION=none\nTEE_AFTER_BOOT=keep\n`
  const ephemeral = `${words}JOBSTORE_ENCRYPTION=none\n`
  const findings = (text: string, devices: readonly string[], more: Partial<Recorded>) => {
    const recorded = withNames('/dev', ...devices)({ ...bootRecorded(), ...more })
    const all = compare(sceneFrom(withText('/run/cvmboot/partition.conf', () => text)(recorded)))
    return all.filter(({ subject }) => subject === 'TEE')
  }
  const said = (...asked: Parameters<typeof findings>) =>
    findings(...asked).map((one) => (one.result === 'bad' ? say(one.fault).split(':')[0] : one.result))
  for (const config of [kept, ephemeral]) {
    assert.equal(said(config, ['sev-guest'], {}), ['good'])
    assert.equal(said(config, ['sev-guest'], { teeRefuses: true }), ['verify-tee-wiped'])
    assert.equal(said(config, ['sev-guest'], { kernelLog: wiped }), ['verify-tee-wiped'])
    // Without a device there is nothing to ask.
    assert.equal(said(config, ['null'], { teeRefuses: true, kernelLog: wiped }), [])
  }
  const removed = `${words}WORKSPACE_KEY=snp\nJOBSTORE_ENCRYPTION=none\n`
  assert.equal(said(removed, ['null'], { teeRefuses: true, kernelLog: wiped }), ['good'])
  // Status says it, too: its problems are these.
  const recorded = withNames('/dev', 'sev-guest')({ ...bootRecorded(), kernelLog: wiped })
  const scene = sceneFrom(withText('/run/cvmboot/partition.conf', () => ephemeral)(recorded))
  assert.ok(overviewOf(scene).problems.some(({ code }) => code === 'verify-tee-wiped'))
})

test('without integrity the mapping lies on the partition', () => {
  assert.equal(found(xts({})), [])
})

test('with integrity it lies on its dm-integrity, and that on the partition', () => {
  const of = (change: Partial<Mapping> | undefined) =>
    found((recorded) => {
      const { workspace_dif: dif, ...others } = recorded.mappings ?? {}
      const mappings =
        change === undefined || dif === undefined
          ? others
          : { ...others, workspace_dif: { ...dif, ...change } }
      return { ...recorded, mappings }
    }).filter((says) => says.includes('workspace any'))
  assert.equal(of({}), [])
  assert.match(of(undefined).join(), /has no dm-integrity of ours/)
  assert.match(of({ target: 'linear' }).join(), /has no dm-integrity of ours/)
  assert.match(of({ dev: '254:9' }).join(), /not on its dm-integrity/)
  const { table = '' } = bootRecorded().mappings?.['workspace_dif'] ?? {}
  assert.match(of({ table: table.replace('253:7', '253:8') }).join(), /a partition named job-store/)
})

test('each volume, layer and file system in memory of the plan has its finding, and each kernel setting', () => {
  const scene = sceneFrom(bootRecorded())
  const subjects = new Set(compare(scene).map(({ subject }) => subject))
  for (const step of scene.plan) {
    if ('mount' in step) assert.ok(subjects.has(`mount ${step.mount}`), step.mount)
    if (step.kind === 'open-verity' || step.kind === 'open-lasting')
      assert.ok(subjects.has(step.volume), step.volume)
    if (step.kind === 'open-lasting') assert.ok(subjects.has(`header ${step.volume}`), step.volume)
    if (step.kind === 'overlay') assert.ok(subjects.has(`mount ${step.path}`), step.path)
    if (step.kind === 'harden') assert.ok(subjects.has(step.setting), step.setting)
    if (step.kind === 'harden-users')
      for (const [setting] of step.settings) assert.ok(subjects.has(setting), setting)
  }
})

test('of mounts on mounts the topmost is found, whatever the order of the lines', () => {
  const lines = [
    '1 0 0:1 / / rw - erofs root ro',
    '2 1 0:2 / /a rw - tmpfs first rw',
    '3 2 0:3 / /a rw - tmpfs second rw',
    '4 3 0:4 / /a rw - tmpfs third rw',
  ]
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [1, 3, 2, 0],
  ]) {
    const mounts = parseMounts(order.map((i) => lines[i]).join('\n'))
    assert.is(mountAt(mounts, '/a')?.source, 'third')
    assert.is(mountAt(mounts, '/b'), undefined)
  }
})

test('of what was recorded status says what it said on that machine', () => {
  assert.is(printOverviewJson(overviewOf(sceneFrom(bootRecorded()))), statusThere())
})

test('status: all volumes with what protects them, and healthy', () => {
  const overview = overviewOf(sceneFrom(bootRecorded()))
  assert.equal(overview.problems, [])
  const text = printOverview(overview)
  assert.match(
    text,
    /^root-fs +verified +dm-0: vda1 vda2 +sha256 [0-9a-f]{12}\.\.\. +- +\/ +erofs,ro +\d+M +100%$/m,
  )
  assert.match(
    text,
    /^workspace +encrypted +dm-4: vda7 +aes-xts-plain64, hmac-sha256 +mock +\/mnt\/nvflare\/workspace +ext4,rw,nosuid,nodev +218M +0%$/m,
  )
  assert.match(text, /^job-store +not protected +vda8 /m)
  assert.match(text, /^confidential VM +mock at boot, now none$/m)
  assert.match(text, /^healthy: /m)
  assert.ok(printOverview(overview, screenOf({ isTTY: true }, {})).includes('\u001b[32mverified'))
  const json = JSON.parse(printOverviewJson(overview))
  assert.is(json.healthy, true)
  assert.is(json.jobStoreReadableByHost, true)
  assert.match(json.volumes[0].table, /^verity 1 /)
  assert.match(json.volumes[3].bytes, /^\d{9}$/)
})

for (const columns of [80, 120])
  test(`on a terminal of ${columns} columns no line of status and verify is longer, and all is there`, () => {
    const evil = `90 ${idOf('/mnt/nvflare/oem-launcher')} 0:24 /evil /mnt/nvflare/oem-launcher rw - tmpfs run rw`
    const scene = sceneFrom(mounted(evil)(bootRecorded()))
    for (const print of [
      (screen: Screen) => printOverview(overviewOf(scene), screen),
      (screen: Screen) => printFindings(compare(scene), screen),
    ]) {
      const narrow = print(screenOf({ isTTY: true, columns }, { NO_COLOR: '1' }))
      assert.equal(
        narrow.split('\n').filter((line) => line.length > columns),
        [],
      )
      const words = (text: string) => new Set(text.split(/\s+/))
      assert.equal(words(narrow), words(print(plain)))
      const coloured = print(screenOf({ isTTY: true, columns }, {}))
      assert.ok(coloured.includes('\u001b[31mFAIL\u001b[0m  '))
      assert.is(stripVTControlCharacters(coloured), narrow)
    }
  })

test('status: what is missing or wrong is said, and no key of a strange table', () => {
  const key = 'ab'.repeat(64)
  const strange = withMapping('workspace', { table: `aes-xts-plain64 ${key} 0 253:7 0` })
  const overview = overviewOf(
    sceneFrom(
      both(
        strange,
        withText(mountinfo, (text) => text.replace(/^.* \/tmp .*\n/m, '')),
      )(bootRecorded()),
    ),
  )
  const text = printOverview(overview)
  assert.match(text, /^tmp-fs +missing/m)
  assert.match(text, /^FAIL {2}verify-mapping: /m)
  assert.not.ok(text.includes(key) || printOverviewJson(overview).includes(key))
  assert.is(JSON.parse(printOverviewJson(overview)).healthy, false)
})

test('a confidential VM is named with what shows it', () => {
  const sev = withNames('/sys/devices/platform', 'sev-guest')
  assert.equal(overviewOf(sceneFrom(sev(bootRecorded()))).cvm, {
    atBoot: 'mock',
    now: 'sev-snp',
    by: "the kernel's sev-guest device",
  })
  const tdx = withText('/proc/cpuinfo', () => 'flags : fpu tdx_guest\n')
  assert.is(overviewOf(sceneFrom(tdx(bootRecorded()))).cvm.now, 'tdx')
  const log = ['Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2']
  const hidden = overviewOf(sceneFrom({ ...bootRecorded(), kernelLog: log }))
  assert.match(printOverview(hidden), /^confidential VM +mock at boot, now sev-snp behind a paravisor$/m)
  assert.is(hidden.cvm.by, "the kernel's log")
})

test('all of a volume is read, and what cannot be is said with its place', async () => {
  const silent = { show: () => {}, end: () => {} }
  const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-deep-'))
  try {
    const file = join(scratch, 'file')
    writeFileSync(file, Buffer.alloc(9 << 20))
    // A file takes no BLKFLSBUF: what fails is a finding.
    const refused = await readDeep('root-fs', file, 9 << 20, silent)
    assert.match(bads([refused]).join(), /^verify-read: cannot read all of root-fs: at byte 0: /)
    assert.match(
      bads([await readDeep('root-fs', join(scratch, 'none'), 1, silent)]).join(),
      /there is no such file or directory/,
    )
  } finally {
    rmSync(scratch, { recursive: true })
  }
})

test('elsewhere the verbs say that cvmboot did not boot this machine', async () => {
  for (const verb of [verify, status]) {
    const said = await verb([]).then(
      () => 'nothing',
      (thrown: unknown) => say(faultOf(thrown)),
    )
    assert.match(said, /^state-read: .*run this, as root, in a VM that cvmboot booted$/)
  }
})

test('a state that is none, or a boot without its configuration, is refused', () => {
  const without = (path: string) => () =>
    readBooted(
      systemOf({ ...bootRecorded(), texts: { ...bootRecorded().texts, [path]: undefined as never } }),
      undefined,
    )
  assert.throws(without('/run/cvmboot/partition.conf'), /config-missing/)
  assert.throws(without('/run/cvmboot/state.json'), /state-read/)
  assert.throws(
    () => readBooted(systemOf({ ...bootRecorded(), texts: { '/run/cvmboot/state.json': '{}' } }), undefined),
    /did not write it so/,
  )
})

const containers = (root: string, options = 'rw,nosuid,nodev', dev?: string) =>
  both(
    withText('/run/cvmboot/partition.conf', (text) => `${text}WORKSPACE_DIRECTORIES="/srv/data"\n`),
    (recorded) =>
      mounted(
        `200 ${rootId()} ${dev ?? recorded.mappings?.['workspace']?.dev} ${root} /srv/data ${options} - ext4 /dev/dm-4 rw`,
      )(recorded),
  )
const rootId = root
const placed = '/.cvmboot-directories/srv=data'

test('a directory on workspace is where the boot put it, and what lies below it is nothing to say', () => {
  assert.equal(found(containers(placed)), [])
  const below = `201 200 0:99 / /srv/data/overlay rw - overlay overlay rw,lowerdir=/x`
  assert.equal(found(both(containers(placed), mounted(below))), [])
  const scene = sceneFrom(containers(placed)(bootRecorded()))
  assert.match(printOverview(overviewOf(scene)), /^on workspace +encrypted +dm-4 +workspace /m)
})

for (const [what, change, says] of [
  [
    'another directory of workspace',
    containers('/evil'),
    /\/srv\/data any more: \/evil of workspace is mounted/,
  ],
  [
    'another device',
    containers(placed, 'rw,nosuid,nodev', '0:24'),
    /\/srv\/data any more: \/dev\/dm-4 is mounted there/,
  ],
  ['a directory that is not nosuid', containers(placed, 'rw,nodev'), /it is not mounted nosuid/],
  ['a directory that is not nodev', containers(placed, 'rw,nosuid'), /it is not mounted nodev/],
  [
    'no mount at all',
    withText('/run/cvmboot/partition.conf', (text) => `${text}WORKSPACE_DIRECTORIES="/srv/data"\n`),
    /nothing of ours is, or something covers it/,
  ],
] as const)
  test(`${what} in place of a directory on workspace is noticed`, () => {
    const [first = '', ...more] = found(change)
    assert.ok(first.startsWith('verify-mount: cannot trust /srv/data any more'), first)
    assert.match(first, says)
    assert.equal(more, [])
  })

const generators = '/usr/lib/systemd/system-generators'
for (const [what, change, says] of [
  [
    'a generator of the root that the boot would mask',
    withNames(generators, 'new'),
    /new is masked .*: it is not masked/,
  ],
  [
    'a generator that somebody put in place of a verified one',
    both(
      withNames('/run/systemd/system-generators', 'systemd-fstab-generator'),
      withText('/run/systemd/system-generators/systemd-fstab-generator', () => '#!/bin/sh\n'),
    ),
    /systemd-fstab-generator is masked .*: it is a file/,
  ],
  [
    'an agent of the host that is not masked any more',
    (recorded: Recorded) => {
      const { ['/run/systemd/system/qemu-guest-agent.service']: _, ...texts } = recorded.texts
      return { ...recorded, texts }
    },
    /qemu-guest-agent\.service is masked .*: it is not masked/,
  ],
  [
    'a setting for users taken back',
    withText('/proc/sys/kernel/io_uring_disabled', () => '0\n'),
    /kernel\.io_uring_disabled is 2 .*: it is 0/,
  ],
] as const)
  test(`${what} is noticed`, () => {
    const [first = ''] = found(change)
    assert.ok(first.startsWith('verify-setting: '), first)
    assert.match(first, says)
  })

test('a generator that may run, or that partition.conf names, need not be masked', () => {
  assert.equal(found(withNames(generators, 'netplan')), [])
  const named = withText('/run/cvmboot/partition.conf', (text) => `${text}GENERATORS="new"\n`)
  assert.equal(found(both(named, withNames(generators, 'new'))), [])
})

test('a setting that allows less than the boot asked for is held; io_uring that cannot be refused is a note', () => {
  assert.equal(found(withText('/proc/sys/kernel/perf_event_paranoid', () => '4\n')), [])
  const recorded = bootRecorded()
  const { ['/proc/sys/kernel/io_uring_disabled']: _, ...texts } = recorded.texts
  const findings = compare(sceneFrom({ ...recorded, texts }))
  assert.equal(bads(findings), [])
  assert.is(findings.find(({ subject }) => subject === 'kernel.io_uring_disabled')?.result, 'note')
  assert.match(
    printOverview(overviewOf(sceneFrom({ ...recorded, texts }))),
    /hardening +all \d+ settings held/,
  )
})

test('a word that switches mitigations off fails where the CPU needs one', () => {
  const cmdline = both(
    withText('/proc/cmdline', (text) => `${text.trimEnd()} mitigations=off\n`),
    withText('/run/cvmboot/partition.conf', (text) =>
      text.replace('CMDLINE_WORDS="', 'CMDLINE_WORDS="mitigations=off '),
    ),
  )
  const open = withText('/sys/devices/system/cpu/vulnerabilities/mds', () => 'Vulnerable\n')
  assert.equal(found(open), [])
  assert.equal(found(cmdline), [])
  assert.match(found(both(cmdline, open))[0] ?? '', /^mitigations-off: .*mitigations=off .* mds;/)
})

test.run()
