// The verb `launch` over manifests of small inputs, in this process.

import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Manifest, printManifest } from '../../../src/measure/manifest.ts'
import { predict } from '../../../src/measure/predict.ts'
import { verbOf } from '../../with/verb.ts'
import { exampleInputs, exampleManifest, exampleRequest } from '../measure/example.ts'

const launch = verbOf('launch')

/** What the verb prints, also where it then fails. */
export type Printed = { readonly text: string; readonly thrown: unknown }

export const launched = async (args: readonly string[]): Promise<Printed> => {
  const { write } = process.stdout
  let text = ''
  process.stdout.write = (chunk: string | Uint8Array) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1')
    return true
  }
  try {
    await launch(args)
    return { text, thrown: undefined }
  } catch (thrown) {
    return { text, thrown }
  } finally {
    process.stdout.write = write
  }
}

/** The text, where the verb succeeds. */
export const printedBy = async (args: readonly string[]): Promise<string> => {
  const { text, thrown } = await launched(args)
  if (thrown !== undefined) throw thrown
  return text
}

const mrtd = exampleManifest.inputs.firmware.map(({ name }) => ({
  firmware: name,
  value: 'cd'.repeat(48),
  when: 'always',
}))
const key = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey

/** One of each kind. */
export const manifests: Readonly<Record<'direct' | 'signed' | 'disk', Manifest>> = {
  direct: { ...exampleManifest, tdx: { ...exampleManifest.tdx, mrtd } },
  signed: predict(exampleInputs, { ...exampleRequest, idKey: key, authorKey: key }),
  disk: {
    ...exampleManifest,
    inputs: { ...exampleManifest.inputs, kernel: null, initramfs: null, cmdline: null },
    tdx: { ...exampleManifest.tdx, mrtd },
  },
}

/** A directory with the manifests, as NAME.json. */
export const manifestDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'cvmboot-launch-'))
  for (const [name, manifest] of Object.entries(manifests))
    writeFileSync(join(directory, `${name}.json`), printManifest(manifest))
  return directory
}
