// MRTD against gce-tcb-verifier and the CoRIM against veraison/corim, two implementations in Go. A machine without Go compares with
// the values that are kept here, and says so.

import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { run } from '../../../src/machine/exec.ts'
import { printCorim } from '../../../src/measure/export.ts'
import { parseFirmware } from '../../../src/measure/firmware.ts'
import { mrtd } from '../../../src/measure/tdx.ts'
import { exampleManifest } from '../../tables/measure/example.ts'
import { cached } from '../../vm/cache.ts'
import { masked } from '../../vm/mirror.ts'
import { sidFirmware } from '../../with/debian-sid.ts'
import { goEnvironment } from '../../with/go-tool.ts'
import { suite } from '../../with/suite.ts'

type Desk = { directory: string; inteltdx: string; other: string | undefined }
const test = suite<Desk>('implementations in Go')

const modules = ['github.com/google/gce-tcb-verifier@v0.3.1', 'github.com/veraison/corim@v1.1.2']
const source = join(import.meta.dirname, 'other.go')

const shell = async (script: string, directory: string): Promise<string> =>
  run('sh', ['-c', script, 'sh', ...modules], { cwd: directory, env: goEnvironment() })

/** The program, built once; undefined without Go. */
const builtOther = async (): Promise<string | undefined> => {
  const version = await shell('go version', tmpdir()).catch(() => undefined)
  if (version === undefined) return undefined
  const madeFrom = [readFileSync(source, 'utf8'), ...modules]
  const entry = await cached('go-oracles', madeFrom, async (directory) => {
    copyFileSync(source, join(directory, 'main.go'))
    try {
      await shell('go mod init other && go get "$@" && go build -mod=mod -o other .', directory)
    } catch (thrown) {
      throw new Error(`cannot build ${modules.join(' and ')} today: ${masked(String(thrown)).slice(-1000)}`)
    }
  })
  return join(entry, 'other')
}

test.before(async (desk) => {
  desk.directory = mkdtempSync(join(tmpdir(), 'cvmboot-go-'))
  desk.inteltdx = (await sidFirmware()).inteltdx
  desk.other = await builtOther()
  if (desk.other === undefined)
    process.stdout.write('no Go here: kept values take the place of its programs\n')
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

/** By the SHA-256 of the firmware: what gce-tcb-verifier printed. */
const kept: ReadonlyMap<string, string> = new Map([
  [
    'a265075b4147a096109e501e76196df1ec8a18659c26f7401492c597ec88f312',
    'a7a1f751abc454f9cbab198ca8d2edb2821935df525c74182b5e776cb0929e8c59aefecce725b0d08a5e9d3d3183bd08',
  ],
])

test('MRTD of OVMF.inteltdx.ms.fd of Debian sid is that of gce-tcb-verifier', async ({ inteltdx, other }) => {
  const firmware = readFileSync(inteltdx)
  const sha256 = createHash('sha256').update(firmware).digest('hex')
  const expected = other === undefined ? kept.get(sha256) : (await run(other, ['mrtd', inteltdx])).trim()
  if (expected === undefined) process.stdout.write(`no value is kept for ${sha256}\n`)
  else assert.is(mrtd(parseFirmware(firmware), 'page').toString('hex'), expected)
})

test('a CoRIM is decoded by veraison/corim, with each reference value in it', async ({
  directory,
  other,
}) => {
  if (other === undefined) return
  const file = join(directory, 'example.corim')
  writeFileSync(file, printCorim(exampleManifest))
  const decoded = await run(other, ['corim', file])
  const { snp, tdx, tpm } = exampleManifest
  const values = [
    ...snp.map(({ digest }) => digest),
    ...[...tdx.mrtd, ...tdx.rtmr1, ...tdx.rtmr2, ...tpm.pcr12].map(({ value }) => value),
  ]
  for (const value of values) assert.ok(decoded.includes(Buffer.from(value, 'hex').toString('base64')), value)
})

test.run()
