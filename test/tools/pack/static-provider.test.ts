// `pack` and `measure` of a build that has the provider `static` read its keys of partition.conf; the production build refuses them.

import { createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Edition } from '../../../src/edition.ts'
import { production } from '../../../src/editions/production.ts'
import { BootFault } from '../../../src/fault/index.ts'
import { readInputs } from '../../../src/manifest/read.ts'
import { readImage } from '../../../src/pack/image.ts'
import { bootOf } from '../../../src/pack/image-boot.ts'
import { requireCmdline } from '../../../src/pack/uki-inputs.ts'
import { configPath } from '../../../src/system/initramfs.ts'
import { runVerb } from '../../../src/verbs/index.ts'
import { goodCmdline } from '../../fake/machine.ts'
import { staticProvider } from '../../fake/static-provider.ts'
import { kernelOf } from '../../with/kernel-image.ts'
import { listen } from '../../with/listen.ts'
import { release, temporary, writeTree } from '../../with/pack-tree.ts'

const edition: Edition = { ...production, providers: [...production.providers, staticProvider] }

/** The code with which some work fails; undefined where it does not fail. */
const codeFrom = async (work: () => unknown): Promise<string | undefined> => {
  try {
    await work()
    return undefined
  } catch (thrown) {
    return thrown instanceof BootFault ? thrown.fault.code : `${thrown}`
  }
}
/** The code of a configuration with a key that the build does not know. */
const unread = 'config-unknown'

test('pack carries its keys, and judges and measures the image by them', async () => {
  const directory = temporary()
  const file = join(directory, 'partition.conf')
  writeFileSync(file, 'WORKSPACE_KEY=static\nSTATIC_WORD=plugh\n')
  const initramfs = join(directory, 'initramfs')
  const from = { modules: writeTree(), config: file, executable: '/bin/true', mke2fs: '/bin/false' }
  const packing = (output: string) => [
    ...['pack', '--modules', from.modules, '--config', file, '--output', output],
    ...['--executable', from.executable, '--mke2fs', from.mke2fs, '--compress', 'none'],
  ]
  assert.is(await codeFrom(() => runVerb(packing(`${initramfs}.other`), production)), unread)
  await listen(() => runVerb(packing(initramfs), edition))
  const image = await readImage(createReadStream(initramfs), initramfs)
  assert.match(`${image.get(configPath)?.content}`, /^STATIC_WORD=plugh$/m)
  assert.is(bootOf(image, edition.providers).config.keys.workspace.provider, 'static')

  const kernel = join(directory, 'vmlinuz')
  writeFileSync(kernel, kernelOf(release))
  const judged = async ({ providers }: Edition): Promise<readonly unknown[]> => [
    await codeFrom(() => requireCmdline(goodCmdline, { kind: 'ready', file: initramfs, providers }, release)),
    await codeFrom(() =>
      requireCmdline(
        goodCmdline,
        { kind: 'packed', from: { ...from, providers }, compress: 'none' },
        release,
      ),
    ),
    (
      await readInputs({
        firmware: [],
        kernel,
        initramfs,
        cmdline: goodCmdline,
        uki: undefined,
        disk: undefined,
        eventLog: undefined,
        providers,
      })
    ).boot?.refused?.split(':')[0] ?? undefined,
  ]
  assert.equal(await judged(edition), [undefined, undefined, undefined])
  assert.equal(await judged(production), [unread, unread, unread])
})

test.run()
