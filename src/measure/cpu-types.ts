// The processor types that QEMU names after AMD's processors, each with its signature (EAX of CPUID 1). A virtual processor
// starts with the signature in a register. Pure.
// Source: target/i386/cpu.c of QEMU; CPUID specification of AMD (25481), Fn0000_0001_EAX.

import { fail } from '../fault/index.ts'
import { didYouMean } from '../fault/nearest.ts'

type Model = { readonly family: number; readonly model: number; readonly stepping: number }

const naples: Model = { family: 23, model: 1, stepping: 2 }
const rome: Model = { family: 23, model: 49, stepping: 0 }
const milan: Model = { family: 25, model: 1, stepping: 1 }
const genoa: Model = { family: 25, model: 17, stepping: 0 }
const turin: Model = { family: 26, model: 0, stepping: 0 }

const versions = (name: string, count: number): string[] => [
  name,
  ...Array.from({ length: count }, (_, i) => `${name}-v${i + 1}`),
]

const models: ReadonlyMap<string, Model> = new Map([
  ...[...versions('EPYC', 4), 'EPYC-IBPB'].map((name) => [name, naples] as const),
  ...versions('EPYC-Rome', 4).map((name) => [name, rome] as const),
  ...versions('EPYC-Milan', 2).map((name) => [name, milan] as const),
  ...versions('EPYC-Genoa', 2).map((name) => [name, genoa] as const),
  ...versions('EPYC-Turin', 1).map((name) => [name, turin] as const),
])

/** Names that `--vcpu-type` takes. */
export const cpuTypes: readonly string[] = [...models.keys()]

/** A processor's own signature: EAX of CPUID function 1. */
export const signatureOf = ({ family, model, stepping }: Model): number => {
  const base = Math.min(family, 15)
  const high = Math.floor(model / 16)
  return (family - base) * 2 ** 20 + high * 2 ** 16 + base * 2 ** 8 + (model % 16) * 2 ** 4 + stepping
}

/** Fault: `measure-cpu`. */
export const cpuSignature = (type: string): number => {
  const model = models.get(type)
  if (model === undefined)
    throw fail('measure-cpu', { type, known: cpuTypes.join(', '), nearest: didYouMean(type, cpuTypes) })
  return signatureOf(model)
}
