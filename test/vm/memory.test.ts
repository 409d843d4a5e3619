// Secrets in memory after the pivot, as the host would read them without a TEE. QEMU's monitor dumps all memory, and the test
// searches the dump for every secret that the boot had. In the mock build the test knows most secrets; an owner finds the
// others.

import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { type CryptName, cryptNames } from '../../src/layout/layout.ts'
import { headerAreaBytes, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { type AgeOwner, newAgeOwner, secretsOfAge } from '../with/age-file.ts'
import { suite } from '../with/suite.ts'
import { copyOf, partitionOf } from './disk.ts'
import { pieces, placesOf } from './dump.ts'
import { readReport } from './guest-report.ts'
import { mockSecrets } from './mock-secrets.ts'
import { pack, power, trees, world } from './world.ts'

type Known = {
  /** Never to be found after the pivot. */
  readonly gone: ReadonlyMap<string, Buffer>
  /** What dm-crypt works with. */
  readonly volumeKeys: ReadonlyMap<CryptName, Buffer>
}
type Context = { readonly scratch: string; readonly known: Known; readonly dumps: readonly string[] }
const test = suite<Context>('memory after the pivot')

/** No more than three key schedules of AES-256, one after the other (struct crypto_aes_ctx, include/crypto/aes.h). */
const contextBytes = 2048

/** What the boot made and forgot for the owner of job-store, from the passphrase back to the secret that X25519 gave. */
const ownersOf = async (disk: string, owner: AgeOwner): Promise<readonly Buffer[]> => {
  const area = Buffer.alloc(headerAreaBytes)
  const file = await open(disk, 'r')
  await file.read(area, 0, area.length, (await partitionOf(disk, 'job-store')).start)
  await file.close()
  const { wrapped } = parseLuks2(area, 'job-store', 'xts').header.tokens?.owner ?? {}
  return secretsOfAge(owner, Buffer.from(wrapped ?? '', 'base64')).secrets
}

/** Every secret of a boot of this disk. */
const secretsOf = async (disk: string, owner: AgeOwner): Promise<Known> => {
  const gone = new Map<string, Buffer>()
  const volumeKeys = new Map<CryptName, Buffer>()
  for (const volume of cryptNames) {
    const { root, passphrase, mac, mask, volumeKey } = await mockSecrets(disk, volume)
    volumeKeys.set(volume, volumeKey)
    gone.set('root secret', root).set(`passphrase of ${volume}`, passphrase)
    gone.set(`MAC key of ${volume}`, mac).set(`mask of ${volume}`, mask)
  }
  for (const [n, secret] of (await ownersOf(disk, owner)).entries()) gone.set(`owner's secret ${n}`, secret)
  return { gone, volumeKeys }
}

test.before(async (context) => {
  const from = await world()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-memory-'))
  const own = (await readFile(join(trees, 'partition.conf'), 'utf8')).replace(
    'JOBSTORE_ENCRYPTION=none\n',
    '',
  )
  const config = join(scratch, 'partition.conf')
  const last = ['WORKSPACE', 'JOBSTORE'].map((key) => `${key}_KEY=snp\n${key}_BIND=id-block\n`).join('')
  const owner = newAgeOwner()
  const lines = `INIT=/usr/libexec/keep-marker\nJOBSTORE_OWNER=${owner.text}\n`
  await writeFile(config, `${own}${lines}${last}`)
  const initramfs = join(scratch, 'initramfs')
  await pack(from.guest, 'cvmboot-mock', config, initramfs)
  const disk = await copyOf(from.disk, join(scratch, 'disk.img'))
  const dumps = [join(scratch, 'first'), join(scratch, 'second')]
  for (const memory of dumps) {
    const { console } = await power(from, {
      initramfs,
      memory,
      memoryMiB: 512,
      until: /^cvm-report: end/,
      lingerSeconds: 1,
      cmdline: `${from.cmdline} keep-marker.stay`,
      disks: [{ file: disk, writes: 'keep' }],
    })
    readReport(console)
  }
  Object.assign(context, { scratch, dumps, known: await secretsOf(disk, owner) })
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

const writings = (bytes: Buffer): Buffer[] =>
  [bytes.toString('hex').slice(0, 24), bytes.toString('base64').slice(0, 20)].map((text) => Buffer.from(text))

/** Of the numbers that trees/root-fs/usr/libexec/keep-marker writes to /tmp, some that are not in its first block. */
const numbers = (first: number): Buffer => Buffer.from(`${first + 700}-${first + 701}-${first + 702}-`)

test('what was deleted from /tmp is gone from memory, and what was not is there', async ({ dumps }) => {
  const [dump = ''] = dumps
  assert.ok((await placesOf(dump, numbers(8_880_000))).length > 0)
  assert.equal(await placesOf(dump, numbers(7_770_000)), [])
})

for (const [index, which] of ['provisions', 'opens'].entries()) {
  test(`after a boot that ${which}: no secret of the provider, no passphrase and no MAC key`, async ({
    dumps,
    known,
  }) => {
    for (const [name, bytes] of known.gone)
      for (const needle of [...pieces(bytes), ...writings(bytes)])
        assert.equal(await placesOf(dumps[index] ?? '', needle), [], name)
  })

  test(`after a boot that ${which}: the kernel's AES contexts alone have the volume keys`, async ({
    dumps,
    known,
  }) => {
    for (const [volume, key] of known.volumeKeys) {
      const found = await Promise.all(
        [...pieces(key), ...writings(key)].map((needle) => placesOf(dumps[index] ?? '', needle)),
      )
      // That they are found at all shows that the search finds. XTS has a context for each half of its key.
      assert.ok(found[0]?.length && found[2]?.length, `the key of ${volume} is nowhere`)
      const places = found.flat()
      const apart = Math.max(...places) - Math.min(...places)
      assert.ok(apart < contextBytes, `the key of ${volume} is at ${places.map((at) => at.toString(16))}`)
    }
  })
}

test.run()
