// Two providers combined: one of the two secrets alone opens nothing. One token has both seals, each under its provider's name.

import { fail } from '../fault/index.ts'
import type { SealReader } from '../layout/luks2/accept.ts'
import { Secret } from '../secret/secret.ts'
import { hkdf } from './hkdf.ts'
import type { LastingFields } from './policy.ts'
import {
  type ClosingStep,
  closingSteps,
  type LastingProvider,
  type Owned,
  type Sealed,
  type Setting,
} from './provider.ts'

/** The policies of both providers. `binding` and `blank` at the top count for both, and those in `first` and `second` do not. */
export type PolicyOfBoth<
  A extends LastingFields,
  B extends LastingFields,
> = LastingFields<`${A['provider']}+${B['provider']}`> & { readonly first: A; readonly second: B }

/** 64 bytes of HKDF-SHA-512 over both secrets. A provider's secrets have one length, so the border between the two is fixed. */
export const combine = (word: string, first: Secret, second: Secret): Secret => {
  using whole = Secret.make(first.bytes.length + second.bytes.length, (bytes) => {
    bytes.set(first.bytes)
    bytes.set(second.bytes, first.bytes.length)
  })
  return hkdf('sha512', whole, Buffer.alloc(64), Buffer.from(`cvmboot\0${word}\0`, 'latin1'), 64)
}

/** The seals of the provider `name`, which may be a combination of two providers. */
const part = (sealed: Sealed, { name }: Pick<SealReader, 'name'>): Sealed => {
  const names = name.split('+')
  return Object.fromEntries(Object.entries(sealed).filter(([of]) => names.includes(of)))
}

/** Reads the seals of both providers. */
export const bothSeals = (first: SealReader, second: SealReader): SealReader => ({
  name: `${first.name}+${second.name}`,
  isSeal: (sealed) => first.isSeal(part(sealed, first)) && second.isSeal(part(sealed, second)),
})

const firstOf = <A extends LastingFields>({
  policy: { first, binding, blank },
  volume,
}: Owned<PolicyOfBoth<A, LastingFields>>): Owned<A> => ({ volume, policy: { ...first, binding, blank } })

const secondOf = <B extends LastingFields>({
  policy: { second, binding, blank },
  volume,
}: Owned<PolicyOfBoth<LastingFields, B>>): Owned<B> => ({ volume, policy: { ...second, binding, blank } })

/** The keys of partition.conf of one provider, as keys of the combined provider. */
const lifted = <P, Whole>(
  settings: readonly Setting<P>[],
  partOf: (whole: Whole) => P,
  put: (whole: Whole, part: P) => Whole,
): Setting<Whole>[] =>
  settings.map((setting) => ({
    ...setting,
    read: (text, whole) => {
      const part = setting.read(text, partOf(whole))
      return part === undefined ? undefined : put(whole, part)
    },
    print: (whole) => setting.print(partOf(whole)),
  }))

/** Asks `first` before `second` in all: where `first` refuses the launch, `second` is not asked. */
export const both = <A extends LastingFields, B extends LastingFields>(
  first: LastingProvider<A>,
  second: LastingProvider<B>,
): LastingProvider<PolicyOfBoth<A, B>> => {
  type Policy = PolicyOfBoth<A, B>
  const seals = bothSeals(first, second)
  const word = `${first.defaults.provider}+${second.defaults.provider}` as Policy['provider']
  const bindings = first.bindings.filter((one) => second.bindings.includes(one))
  const [binding] = bindings
  if (binding === undefined) throw new Error(`${word} has no binding in common`)
  const isClosing = (step: ClosingStep) => first.closing.includes(step) || second.closing.includes(step)
  return {
    ...seals,
    about: 'of both',
    defaults: { provider: word, binding, blank: 'format', first: first.defaults, second: second.defaults },
    bindings,
    settings: [
      ...lifted<A, Policy>(
        first.settings,
        (policy) => policy.first,
        (policy, part) => ({ ...policy, first: part }),
      ),
      ...lifted<B, Policy>(
        second.settings,
        (policy) => policy.second,
        (policy, part) => ({ ...policy, second: part }),
      ),
    ],
    notAlone: () => undefined,
    print: (policy) => [...first.print(policy.first), ...second.print(policy.second)],
    lacks: (owned, machine) => first.lacks(firstOf(owned), machine) ?? second.lacks(secondOf(owned), machine),
    closing: closingSteps.filter(isClosing),
    evidence: (sealed) => ({
      ...first.evidence(part(sealed, first)),
      ...second.evidence(part(sealed, second)),
    }),
    create: async (owned, tee, before) => {
      const one = await first.create(firstOf(owned), tee, before && part(before, first))
      using own = one.secret
      const other = await second.create(secondOf(owned), tee, before && part(before, second))
      using its = other.secret
      return { secret: combine(word, own, its), sealed: { ...one.sealed, ...other.sealed } }
    },
    recover: async (owned, tee, sealed) => {
      if (!seals.isSeal(sealed))
        throw fail('header-token', {
          volume: owned.volume,
          reason: `its seals are not those of ${seals.name}`,
        })
      const one = await first.recover(firstOf(owned), tee, part(sealed, first))
      using own = one.secret
      const other = await second.recover(secondOf(owned), tee, part(sealed, second))
      using its = other.secret
      const age = one.age === 'older' || other.age === 'older' ? 'older' : 'current'
      return { secret: combine(word, own, its), age }
    },
  }
}
