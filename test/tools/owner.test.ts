// The verb `owner` as a person runs it: keys in files, a disk that came back from a host, a pipe.

import { spawnSync } from 'node:child_process'
import { createCipheriv, createDecipheriv, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ownerMacKey, wrapForOwner, wrappedOffset } from '../../src/keys/owner.ts'
import { gptTypes, printGpt } from '../../src/layout/gpt.ts'
import { toolPath } from '../../src/machine/exec.ts'
import { parseIdentity } from '../../src/owner/identity.ts'
import { writeImage } from '../../src/owner/image.ts'
import { openAsOwner } from '../../src/owner/open.ts'
import { Secret } from '../../src/secret/secret.ts'
import { bytesOf, generation, goodArea, uuid, volumeKeyOf } from '../with/luks2-good.ts'
import { hostileHeaders } from '../with/luks2-hostile.ts'
import { ageOwner, areaFor, ownerPassphrase, rsaOwner, secretOf } from '../with/owner-keys.ts'
import { refused } from '../with/refused.ts'
import { suite } from '../with/suite.ts'
import { verbOf } from '../with/verb.ts'

const ownerVerb = verbOf('owner')

const test = suite<{ scratch: string; disk: string; key: string }>('owner')
test.before.each((context) => {
  context.scratch = mkdtempSync(join(tmpdir(), 'cvmboot-owner-'))
  context.disk = join(context.scratch, 'disk.img')
  context.key = join(context.scratch, 'owner.key')
})
test.after.each(({ scratch }) => rmSync(scratch, { recursive: true, force: true }))

const MiB = 1024 ** 2
const owner = ageOwner()
const rsa = rsaOwner()
const main = join(import.meta.dirname, '../../src/main.ts')
const command = [process.execPath, '--disable-warning=ExperimentalWarning', main, 'owner']
const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(command[0] ?? '', [...command.slice(1), ...args])
  return { status, stdout, stderr: stderr.toString() }
}

/** A disk with partitions of 4 MiB. */
const diskOf = (contents: readonly (readonly [string, Uint8Array])[]): Buffer => {
  const [blockSize, each] = [512, 8192n]
  const blocks = each * BigInt(contents.length + 2)
  const { head, tail } = printGpt({
    uuid,
    blockSize,
    blocks,
    partitions: contents.map(([name], i) => ({
      number: i + 1,
      type: gptTypes.linux,
      uuid: uuid.replace('4071', `000${i}`),
      name,
      attributes: 0n,
      first: each * BigInt(i + 1),
      last: each * BigInt(i + 2) - 1n,
    })),
  })
  const disk = Buffer.alloc(Number(blocks) * blockSize)
  disk.set(head)
  disk.set(tail, disk.length - tail.length)
  for (const [i, [, bytes]] of contents.entries()) disk.set(bytes, (i + 1) * 4 * MiB)
  return disk
}

test('keygen writes a private key that only its owner reads, once, and prints the public one', ({ key }) => {
  const made = run('keygen', '--output', key)
  assert.is(made.status, 0, made.stderr)
  assert.match(made.stdout.toString(), /^age1[a-z0-9]{58}\n$/)
  assert.is(statSync(key).mode & 0o777, 0o600)
  const text = readFileSync(key, 'utf8')
  assert.match(text, /^# public key: age1[a-z0-9]{58}\nAGE-SECRET-KEY-1[A-Z0-9]{58}\n$/)
  assert.ok(text.includes(made.stdout.toString().trim()))
  const again = run('keygen', '--output', key)
  assert.is(again.status, 24)
  assert.match(
    again.stderr,
    /^cvmboot: owner-write: cannot write the identity .*it exists already; name a new file/,
  )
  assert.is(readFileSync(key, 'utf8'), text)
})

test('open writes the 32 bytes to a pipe, from a disk, a partition or a header', async ({ disk, key }) => {
  const area = await areaFor(owner)
  writeFileSync(key, owner.file)
  for (const content of [
    diskOf([
      ['workspace', goodArea('xts')],
      ['job-store', area],
    ]),
    area,
  ]) {
    writeFileSync(disk, content)
    const { status, stdout, stderr } = run('open', disk, '--identity', key)
    assert.is(status, 0, stderr)
    assert.equal(stdout, ownerPassphrase)
  }
})

const documented = readFileSync(join(import.meta.dirname, '../../docs/owner.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('cryptsetup luksDump '))

// With --test-passphrase cryptsetup needs neither privileges nor device-mapper: the rest stands as documented.
for (const [i, name, someone] of [
  [0, 'owner.key', owner],
  [1, 'owner.pem', rsa],
] as const)
  test(`the documented line opens keyslot 1 with stock tools and ${name}`, async ({ disk, scratch }) => {
    assert.is(documented.length, 2)
    const line = documented[i] ?? ''
    const probe = line.replace(' --readonly ', ' --test-passphrase --key-slot 1 ').replace(/ results$/, '')
    assert.is(
      probe.length,
      line.length + ' --test-passphrase --key-slot 1 '.length - ' --readonly '.length - 8,
    )
    writeFileSync(join(scratch, name), someone.file)
    const opens = async (area: Buffer): Promise<boolean> => {
      writeFileSync(disk, Buffer.concat([area, Buffer.alloc(MiB)]))
      const env = { PATH: toolPath, STORE: disk }
      return spawnSync('sh', ['-c', probe], { cwd: scratch, env }).status === 0
    }
    assert.ok(await opens(await areaFor(someone)))
    assert.not.ok(await opens(await areaFor(someone, 'xts', { passphrase: bytesOf('another', 32) })))
    assert.ok(probe.includes(`--keyfile-offset ${wrappedOffset} --keyfile-size ${ownerPassphrase.length} `))
  })

test('open never writes a passphrase to a terminal', async ({ disk, key }) => {
  writeFileSync(key, owner.file)
  writeFileSync(disk, await areaFor(owner))
  const line = [...command, 'open', disk, '--identity', key].join(' ')
  const { status, stdout } = spawnSync('script', ['--quiet', '--return', '--command', line, '/dev/null'])
  assert.is(status, 24, stdout.toString())
  assert.match(stdout.toString(), /^cvmboot: owner-terminal: cannot write a passphrase to a terminal/)
  assert.not.ok(stdout.includes(ownerPassphrase))
})

test('with a pipe that nobody reads it fails', async ({ disk, key }) => {
  writeFileSync(key, owner.file)
  writeFileSync(disk, await areaFor(owner))
  const line = `${[...command, 'open', disk, '--identity', key].join(' ')} > /dev/full`
  const { status, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' })
  assert.is(status, 20)
  assert.match(
    stderr,
    /^cvmboot: target-write: cannot write the passphrase to standard output: no space is left on the device/,
  )
})

for (const profile of ['xts', 'xts-hmac'] as const)
  test(`either kind of owner opens a header of the profile ${profile}`, async ({ disk, key }) => {
    for (const someone of [owner, rsa]) {
      writeFileSync(key, someone.file)
      writeFileSync(disk, await areaFor(someone, profile))
      using opened = await openAsOwner(disk, 'job-store', key)
      assert.equal(opened.passphrase.bytes, ownerPassphrase)
      assert.equal(opened.volumeKey.bytes, volumeKeyOf(profile))
    }
  })

test('what the boot refuses without a key, the owner refuses with the same code', async ({ disk, key }) => {
  writeFileSync(key, owner.file)
  for (const { name, code, area } of hostileHeaders().slice(0, 12)) {
    writeFileSync(disk, area)
    await refused(code, /cannot accept/, () => openAsOwner(disk, 'job-store', key)).catch((thrown) => {
      throw new Error(`${name}: ${thrown}`)
    })
  }
})

test('one byte of the header area changed, anywhere, is refused', async ({ disk, key }) => {
  writeFileSync(key, owner.file)
  const good = await areaFor(owner)
  // In the slack behind the JSON text's keyslots, in each keyslot, and in the block of the MACs.
  for (const [at, code] of [
    [900_000, 'header-mac'],
    [40_000, 'header-mac'],
    [300_000, 'header-mac'],
    [1_044_480, 'header-mac'],
    [1_044_480 + 48, 'header-mac'],
    [1_044_480 + 79, 'header-mac'],
    [1_044_480 + 80, 'header-mac'],
    [1_048_575, 'header-mac'],
  ] as const) {
    const area = Buffer.from(good)
    area[at] = (area[at] ?? 0) ^ 1
    writeFileSync(disk, area)
    await refused(code, /its MAC is not|something lies behind|the block of its MAC/, () =>
      openAsOwner(disk, 'job-store', key),
    )
  }
})

test("a host's own header does not pass with a token that was wrapped for another volume", async ({
  disk,
  key,
}) => {
  writeFileSync(key, owner.file)
  const elsewhere = await wrapForOwner(
    owner.publicKey,
    uuid.replace('4071', '4072'),
    secretOf(ownerPassphrase),
  )
  writeFileSync(disk, await areaFor(owner, 'xts', { token: elsewhere }))
  await refused('owner-token', /is not for the volume/, () => openAsOwner(disk, 'job-store', key))
})

test('the MAC of another volume, of another generation, or of the TEE is none of the owner', async ({
  disk,
  key,
}) => {
  writeFileSync(key, owner.file)
  const passphrase = secretOf(ownerPassphrase)
  for (const mac of [
    ownerMacKey(passphrase, 'workspace', uuid, generation).bytes,
    ownerMacKey(passphrase, 'job-store', uuid, generation + 1).bytes,
    bytesOf('tee mac', 64),
  ]) {
    writeFileSync(disk, await areaFor(owner, 'xts', { mac }))
    await refused('header-mac', /its MAC is not/, () => openAsOwner(disk, 'job-store', key))
  }
})

/** As the kernel does it: each sector of 4096 bytes with the number of its first 512 bytes as IV. */
const inSectors =
  (make: typeof createCipheriv | typeof createDecipheriv) =>
  (from: Buffer): Buffer => {
    const sectors = Array.from({ length: from.length / 4096 }, (_, i) => {
      const iv = Buffer.alloc(16)
      iv.writeUInt32LE(i * 8)
      return make('aes-256-xts', volumeKeyOf('xts'), iv).update(from.subarray(i * 4096, (i + 1) * 4096))
    })
    return Buffer.concat(sectors)
  }
const encrypted = inSectors(createCipheriv)
const decrypted = inSectors(createDecipheriv)

test('--image writes the content to a new file of its owner, whole, with holes where the VM wrote zeroes', async ({
  disk,
  key,
  scratch,
}) => {
  writeFileSync(key, owner.file)
  const content = Buffer.concat([bytesOf('one', 8192), Buffer.alloc(4 * MiB), bytesOf('two', 4096)])
  const spare = Buffer.alloc(MiB)
  const area = await areaFor(owner, 'xts', { dataBytes: BigInt(content.length) })
  // A partition need not end with a whole sector, nor with its data.
  writeFileSync(disk, Buffer.concat([area, spare, encrypted(content), Buffer.alloc(512, 1)]))
  const image = join(scratch, 'image')
  const line = ['open', disk, '--identity', key, '--image', image]
  await ownerVerb(line)
  assert.ok(readFileSync(image).equals(content))
  assert.is(statSync(image).mode & 0o777, 0o600)
  assert.ok(statSync(image).blocks * 512 < 3 * MiB)
  await refused('target-write', /it exists already/, () => ownerVerb(line))
  assert.ok(readFileSync(image).equals(content))
  rmSync(image)

  const small = await areaFor(owner, 'xts', { dataBytes: BigInt(MiB) })
  const partition = Buffer.concat([small, spare, encrypted(bytesOf('three', MiB))])
  writeFileSync(
    disk,
    diskOf([
      ['workspace', bytesOf('noise', 4096)],
      ['job-store', partition],
    ]),
  )
  await ownerVerb(line)
  assert.ok(readFileSync(image).equals(bytesOf('three', MiB)))
})

test('a host that writes zeroes over a disk does not choose what the owner reads', async ({
  disk,
  key,
  scratch,
}) => {
  writeFileSync(key, owner.file)
  const content = bytesOf('one', 16 * 4096)
  const area = await areaFor(owner, 'xts', { dataBytes: BigInt(content.length) })
  const image = join(scratch, 'image')
  for (const [from, to] of [
    [0, 4096],
    [3 * 4096, 5 * 4096],
    // Half a sector, and all of the volume.
    [8 * 4096 + 512, 9 * 4096],
    [0, content.length],
  ] as const) {
    const data = encrypted(content).fill(0, from, to)
    writeFileSync(disk, Buffer.concat([area, Buffer.alloc(MiB), data]))
    await ownerVerb(['open', disk, '--identity', key, '--image', image])
    const found = readFileSync(image)
    assert.ok(found.equals(decrypted(data)), 'as dm-crypt shows it')
    for (let at = from - (from % 4096); at < to; at += 4096)
      assert.ok(new Set(found.subarray(at, at + 4096)).size > 200, `sector ${at / 4096} is noise`)
    rmSync(image)
  }
})

test('--image takes nothing of what lies behind the volume', async ({ disk, key, scratch }) => {
  writeFileSync(key, owner.file)
  const image = join(scratch, 'image')
  const area = await areaFor(owner, 'xts', { dataBytes: BigInt(3 * MiB) })
  writeFileSync(
    disk,
    diskOf([
      ['job-store', area],
      ['workspace', bytesOf('of another volume', MiB)],
    ]),
  )
  await refused('header-extent', /its data has 3145728 bytes, and the partition room for 2097152/, () =>
    ownerVerb(['open', disk, '--identity', key, '--image', image]),
  )
  assert.not.ok(existsSync(image))
})

test('--image leaves no half a file, and refuses a volume with tags', async ({ disk, key, scratch }) => {
  writeFileSync(key, owner.file)
  const image = join(scratch, 'image')
  writeFileSync(disk, await areaFor(owner, 'xts-hmac'))
  await refused('owner-image', /tags of dm-integrity/, () =>
    ownerVerb(['open', disk, '--identity', key, '--image', image]),
  )
  // A disk that ends early while it is read.
  writeFileSync(disk, await areaFor(owner))
  const place = { path: disk, offset: 0n, bytes: BigInt(2 * MiB) }
  await refused('device-read', /it ends after/, () =>
    writeImage(place, BigInt(MiB), volumeKeyOf('xts'), image),
  )
  assert.not.ok(existsSync(image))
})

test('a passphrase that does not open its keyslot is not handed out', async ({ disk, key }) => {
  writeFileSync(key, owner.file)
  writeFileSync(disk, await areaFor(owner, 'xts', { passphrase: bytesOf('another', 32) }))
  await refused('header-key', /keyslot 1 does not open/, () => openAsOwner(disk, 'job-store', key))
})

test("another owner's key, and a volume without an owner, are said", async ({ disk, key }) => {
  writeFileSync(key, ageOwner().file)
  writeFileSync(disk, await areaFor(owner))
  await refused('owner-token', /it is wrapped by age-x25519 for age1/, () =>
    openAsOwner(disk, 'job-store', key),
  )
  writeFileSync(disk, goodArea('xts', { owner: undefined }))
  await refused('owner-token', /no keyslot of an owner/, () => openAsOwner(disk, 'job-store', key))
})

test('a disk that is cut short, without the volume, or with two of it', async ({ disk, key }) => {
  writeFileSync(key, owner.file)
  const area = await areaFor(owner)
  writeFileSync(disk, area)
  truncateSync(disk, area.length - 1)
  await refused('header-size', /it has 1048575 bytes/, () => openAsOwner(disk, 'job-store', key))
  for (const [contents, reason] of [
    [[['workspace', area]], /no partition has that name/],
    [
      [
        ['job-store', area],
        ['job-store', area],
      ],
      /2 partitions have that name/,
    ],
  ] as const) {
    writeFileSync(disk, diskOf(contents))
    await refused('owner-volume', reason, () => openAsOwner(disk, 'job-store', key))
  }
  await refused('device-read', /there is no such file or directory/, () =>
    openAsOwner(`${disk}.none`, 'job-store', key),
  )
})

const parse = (text: string | Buffer) => parseIdentity(new Secret(Buffer.from(text)), 'owner.key')

test('an identity may have comments, blank lines and CRLF around it', () => {
  const lines = owner.file.toString().split('\n')
  assert.equal(parse(`\n# created\r\n\r\n${lines[1]}\r\n`).publicKey, owner.publicKey)
  assert.equal(parse(lines[1] ?? '').publicKey, owner.publicKey)
})

test('what is no identity is refused with what it lacks', async ({ disk, scratch }) => {
  const line = owner.file.toString().split('\n')[1] ?? ''
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const pem = { format: 'pem', type: 'pkcs8' } as const
  for (const [text, reason] of [
    ['', /it has 0 keys/],
    ['\n'.repeat(100_000), /it has 0 keys/],
    [`${line}\n${line}`, /it has 2 keys/],
    [line.replace('KEY-1', 'KEY-PQ-1'), /no age identity/],
    [line.slice(0, -1), /no age identity/],
    [owner.publicKey.text, /no age identity/],
    [`\ufeff${line}`, /byte order mark \(UTF-8\).*remove it: sed/],
    [Buffer.from(`\ufeff${line}`, 'utf16le'), /UTF-16/],
    ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', /no private key/],
    [rsa.privateKey.export({ ...pem, cipher: 'aes-256-cbc', passphrase: 'x' }), /one with a passphrase/],
    [ec.export(pem), /its key is ec and not RSA/],
    [rsaOwner(2048).file, /has not 3072 to 8192 bits/],
  ] as const)
    await refused('owner-identity', reason, () => parse(text))
  writeFileSync(disk, await areaFor(owner))
  await refused('owner-identity', /there is no such file or directory/, () =>
    openAsOwner(disk, 'job-store', join(scratch, 'none')),
  )
})

test('a wrong command is said', async ({ disk, key }) => {
  for (const args of [
    [],
    ['close'],
    ['__proto__'],
    ['keygen', 'file'],
    ['open', disk],
    ['open', '--identity', key],
    ['open', disk, '--identity', key, '--volume', 'root-fs'],
  ])
    await refused('usage', /see cvmboot --help/, () => ownerVerb(args))
  assert.not.ok(existsSync('owner.key'))
})

test.run()
