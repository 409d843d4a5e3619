// `cvmboot launch`: reads a manifest, and prints how to start a VM, or compares an edited launch. The code in src/launch/ composes,
// prints and compares. Nothing here starts a VM.

import { fail } from '../fault/index.ts'
import { changesBetween, predictedFor, sayChange } from '../launch/compare.ts'
import { type Choices, composeRecipe } from '../launch/compose.ts'
import { type Found, FoundError } from '../launch/facts.ts'
import { printKubevirt } from '../launch/kubevirt.ts'
import { printLibvirt } from '../launch/libvirt.ts'
import { readLibvirt } from '../launch/libvirt-found.ts'
import { printQemu } from '../launch/qemu.ts'
import { readQemu } from '../launch/qemu-found.ts'
import type { Program, Recipe } from '../launch/recipe.ts'
import { printVmspawn } from '../launch/vmspawn.ts'
import { type Manifest, parseManifest } from '../measure/manifest.ts'
import { readInput } from './read.ts'

/** The options of both forms. */
export type LaunchOptions = Choices & { readonly manifest: string }

const printers = {
  qemu: printQemu,
  libvirt: printLibvirt,
  vmspawn: printVmspawn,
  kubevirt: printKubevirt,
} as const satisfies Readonly<Record<Program, (recipe: Recipe) => string>>

const readManifest = (path: string): Manifest =>
  parseManifest(readInput(path, 'measurements').toString('utf8'), path)

/** Faults: `launch-*`, `measure-manifest`, `measure-version`, `measure-input`, `input-too-large`. */
export const printLaunch = (program: Program, options: LaunchOptions): void => {
  process.stdout.write(printers[program](composeRecipe(readManifest(options.manifest), options)))
}

const decoded = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new FoundError('it is not UTF-8')
  }
}

/** The recipe as cvmboot prints it and the edited launch, both read by the same reader. */
const readBoth = (path: string, recipe: Recipe): readonly [Found, Found] => {
  const bytes = readInput(path, 'launch')
  try {
    const text = decoded(bytes)
    return /^\s*</.test(text)
      ? [readLibvirt(printLibvirt(recipe)), readLibvirt(text)]
      : [readQemu(printQemu(recipe)), readQemu(text)]
  } catch (thrown) {
    if (!(thrown instanceof FoundError)) throw thrown
    throw fail('launch-recipe', { path, reason: thrown.message })
  }
}

/** Prints one line for each change. Faults: those of `printLaunch`, `launch-recipe`, `launch-differs`. */
export const verifyLaunch = (path: string, options: LaunchOptions): void => {
  const manifest = readManifest(options.manifest)
  const recipe = composeRecipe(manifest, options)
  const [before, after] = readBoth(path, recipe)
  const changes = changesBetween(before, after, recipe.tee)
  const against = changes.filter(({ verdict }) => verdict !== 'keeps')
  const lines = changes.map(sayChange)
  const digest = recipe.tee === 'snp' ? predictedFor(manifest, recipe, after) : undefined
  if (against.length > 0 && digest !== undefined && digest !== recipe.expected[0]?.value)
    lines.push(`The manifest has a launch digest for these processors: ${digest}.`)
  if (against.length === 0) lines.push('The launch leads to the values of the manifest.')
  process.stdout.write(`${lines.join('\n')}\n`)
  if (against.length > 0)
    throw fail('launch-differs', { path, changes: against.map(({ says }) => says).join('; ') })
}
