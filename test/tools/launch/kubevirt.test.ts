// A printed VirtualMachine, read by KubeVirt's own types in Go. A machine without Go leaves the test out, and says so.

import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { run } from '../../../src/machine/exec.ts'
import { manifestDirectory, printedBy } from '../../tables/launch/launched.ts'
import { cached } from '../../vm/cache.ts'
import { masked } from '../../vm/mirror.ts'
import { goEnvironment, hasGo } from '../../with/go-tool.ts'
import { suite } from '../../with/suite.ts'

type Desk = { directory: string; reader: string | undefined }
const test = suite<Desk>('launch, read by KubeVirt')

const source = join(import.meta.dirname, 'kubevirt.go')
const modules = ['kubevirt.io/api@v1.7.0', 'sigs.k8s.io/yaml@v1.4.0']

const built = async (): Promise<string> => {
  const entry = await cached('go-kubevirt', [readFileSync(source, 'utf8'), ...modules], async (directory) => {
    copyFileSync(source, join(directory, 'main.go'))
    const script = 'go mod init reader && go get "$@" && go build -mod=mod -o reader .'
    try {
      await run('sh', ['-ec', script, 'sh', ...modules], { cwd: directory, env: goEnvironment() })
    } catch (thrown) {
      throw new Error(`cannot build with ${modules[0]} today: ${masked(String(thrown)).slice(-1000)}`)
    }
  })
  return join(entry, 'reader')
}

test.before(async (desk) => {
  desk.directory = manifestDirectory()
  desk.reader = (await hasGo()) ? await built() : undefined
  if (desk.reader === undefined) process.stdout.write('no Go here: KubeVirt is left out\n')
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

/** A quantity in MiB; the types print 2048Mi as 2Gi. Other values stay. */
const plain = (value: unknown): unknown => {
  const [, count = '', unit] = typeof value === 'string' ? (/^([0-9]+)([MG])i$/.exec(value) ?? []) : []
  return unit === undefined ? value : Number(count) * (unit === 'G' ? 1024 : 1)
}

/** The first place at which `found` lacks something of `given`. The types drop a field that they do not know. */
const lost = (given: unknown, found: unknown, at = ''): string | undefined => {
  if (typeof given !== 'object' || given === null) return plain(given) === plain(found) ? undefined : at
  if (typeof found !== 'object' || found === null) return at
  const of = new Map<string, unknown>(Object.entries(found))
  for (const [key, value] of Object.entries(given)) {
    const place = lost(value, of.get(key), `${at}.${key}`)
    if (place !== undefined) return place
  }
  return undefined
}

const readBack = async ({ directory, reader }: Desk, yaml: string): Promise<string | undefined> => {
  const file = join(directory, 'machine.yaml')
  writeFileSync(file, yaml)
  const [given = '', found = ''] = (await run(reader ?? '', [file])).trim().split('\n')
  return lost(JSON.parse(given), JSON.parse(found))
}

test('KubeVirt 1.7 takes each field of a printed VirtualMachine, and loses one that it does not know', async (desk) => {
  if (desk.reader === undefined) return
  const at = (name: string) => join(desk.directory, `${name}.json`)
  for (const tee of ['snp', 'tdx']) {
    const yaml = await printedBy([
      '--manifest',
      at('disk'),
      '--for',
      'kubevirt',
      '--tee',
      tee,
      '--vcpus',
      '1',
      '--disk',
      'claim',
    ])
    assert.is(await readBack(desk, yaml), undefined, yaml)
    assert.match((await readBack(desk, yaml.replace(`${tee}:`, 'nobody:')).catch(String)) ?? '', /nobody/)
  }
})

test.run()
