// Sealing and unsealing by a real TPM 2.0 (swtpm), and what lies on the way to it: it sees every byte, and may change
// any. Each lie ends in a fault, and none learns the secret.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault, type FaultCode } from '../../src/fault.ts'
import { Secret } from '../../src/keys/secret.ts'
import { fenceDigest, fencePcr } from '../../src/layout/tpm.ts'
import {
  ask,
  type CommandName,
  commandCodes,
  type Exchange,
  printCommand,
} from '../../src/machine/tpm/command.ts'
import { extend, readPcrs, seal, unseal } from '../../src/machine/tpm/seal.ts'
import {
  handles,
  nameOf,
  noSelection,
  parseSealedPublic,
  printSealedPublic,
  printSelection,
  sha256,
  srkTemplate,
} from '../../src/machine/tpm/structures.ts'
import { readAll, sized, u32 } from '../../src/machine/tpm/wire.ts'
import { type SoftTpm, softTpm } from '../swtpm.ts'

type Context = { directory: string; started: SoftTpm[]; own: SoftTpm; other: SoftTpm }
const test = suite<Context>('a TPM')

const pcrs = [4, 9, 11, 12]
const policy = { pcrs, srk: undefined }
const secretBytes = Buffer.from(sha256(Buffer.from('what is sealed')))
const secret = () => new Secret(Buffer.from(secretBytes))

test.before(async (context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'cvmboot-tpm-'))
  context.started = []
  for (const name of ['own', 'other'] as const)
    context[name] = await powerOn(context, mkdtempSync(join(context.directory, name)))
})
test.after(async ({ directory, started }) => {
  for (const one of started) await one.close()
  rmSync(directory, { recursive: true })
})

const powerOn = async ({ started }: Context, state: string): Promise<SoftTpm> => {
  const one = await softTpm(state)
  started.push(one)
  return one
}

const codeOf = (run: () => unknown): FaultCode => {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof BootFault) return thrown.fault.code
    throw thrown
  }
  return assert.unreachable('it succeeded') as never
}

const nameIn = (command: Buffer): CommandName | undefined =>
  (Object.keys(commandCodes) as CommandName[]).find((name) => commandCodes[name] === command.readUInt32BE(6))

/** Changes what goes to or comes from the TPM, for one command. */
const between = (
  { tpm }: SoftTpm,
  at: CommandName,
  change: { readonly command?: (bytes: Buffer) => Buffer; readonly response?: (bytes: Buffer) => Buffer },
): Exchange => {
  const same = (bytes: Buffer) => bytes
  return (command) => {
    if (nameIn(command) !== at) return tpm(command)
    return (change.response ?? same)(tpm((change.command ?? same)(command)))
  }
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  const place = at < 0 ? bytes.length + at : at
  changed.writeUInt8(changed.readUInt8(place) ^ 1, place)
  return changed
}

/** A fault ends a boot, and with it all that is loaded; here a TPM that lives on has to be emptied by hand. */
const emptied = ({ tpm }: SoftTpm): void => {
  for (const first of [0x80000000, 0x02000000, 0x03000000])
    for (const handle of [first, first + 1, first + 2])
      tpm(printCommand({ name: 'FlushContext', handles: [], parameters: u32(handle) }))
}
test.before.each(({ own, other }) => {
  emptied(own)
  emptied(other)
})

test('what is sealed is unsealed, again and again, and nothing stays loaded', ({ own }) => {
  const sealed = seal(own.tpm, policy, secret())
  // Three keys fit into it at once, so that a forgotten one shows soon.
  for (let i = 0; i < 4; i++) {
    using found = unseal(own.tpm, pcrs, sealed)
    assert.equal(found.bytes, secretBytes)
  }
  assert.match(sealed.srk, /^000b[0-9a-f]{64}$/)
  assert.is(sealed.public.length, 78)
  assert.ok(sealed.private.length < 256 && sealed.ticket.length < 80)
})

test('it is the same TPM after a restart, with its state', async (context) => {
  const state = mkdtempSync(join(context.directory, 'again'))
  const first = await powerOn(context, state)
  const sealed = seal(first.tpm, policy, secret())
  await first.close()
  const second = await powerOn(context, state)
  using found = unseal(second.tpm, pcrs, sealed)
  assert.equal(found.bytes, secretBytes)
  // And until the restart after this, no longer.
  extend(second.tpm, 11, Buffer.alloc(32, 1))
  assert.is(
    codeOf(() => unseal(second.tpm, pcrs, sealed)),
    'tpm-pcrs',
  )
  await second.close()
  const third = await powerOn(context, state)
  using again = unseal(third.tpm, pcrs, sealed)
  assert.equal(again.bytes, secretBytes)
})

test('once a PCR is extended the TPM itself refuses, whatever values it is said to have', async (context) => {
  const soft = await powerOn(context, mkdtempSync(join(context.directory, 'closed')))
  let before: Buffer | undefined
  const remembering: Exchange = (command) => {
    const response = soft.tpm(command)
    if (nameIn(command) === 'PCR_Read') before ??= Buffer.from(response)
    return response
  }
  const sealed = seal(remembering, policy, secret())
  extend(soft.tpm, fencePcr, fenceDigest())
  const stale: Exchange = (command) =>
    nameIn(command) === 'PCR_Read' && before !== undefined ? Buffer.from(before) : soft.tpm(command)
  for (const liar of [
    stale,
    // And without the digest that it compares at once: then the policy is not that of the object.
    between({ ...soft, tpm: stale }, 'PolicyPCR', {
      command: (bytes) =>
        Buffer.from(bytes.toString('hex').replace(/^(.{4}).{8}(.{16})0020.{64}/, '$10000001a$20000'), 'hex'),
    }),
  ]) {
    emptied(soft)
    assert.is(
      codeOf(() => unseal(liar, pcrs, sealed)),
      'tpm-pcrs',
    )
  }
})

test('on the way there and back the secret is never in the clear, whole or in part', ({ own }) => {
  const seen: Buffer[] = []
  const sniffed: Exchange = (command) => {
    seen.push(Buffer.from(command))
    const response = own.tpm(command)
    seen.push(Buffer.from(response))
    return response
  }
  const sealed = seal(sniffed, policy, secret())
  using found = unseal(sniffed, pcrs, sealed)
  assert.equal(found.bytes, secretBytes)
  const all = Buffer.concat([...seen, sealed.public, sealed.private, sealed.ticket])
  for (let at = 0; at + 4 <= secretBytes.length; at++)
    assert.not.ok(all.includes(secretBytes.subarray(at, at + 4)), `bytes from ${at} on`)
  // The search finds what is there: the public area goes in the clear.
  assert.ok(all.includes(sealed.public))
})

test('another TPM is refused by the name of its key, before it gets a session', ({ own, other }) => {
  const sealed = seal(own.tpm, policy, secret())
  const asked: (CommandName | undefined)[] = []
  const watched: Exchange = (command) => {
    asked.push(nameIn(command))
    return other.tpm(command)
  }
  assert.is(
    codeOf(() => unseal(watched, pcrs, sealed)),
    'tpm-srk',
  )
  assert.equal(asked, ['CreatePrimary'])
  assert.is(
    codeOf(() => seal(watched, { pcrs, srk: sealed.srk }, secret())),
    'tpm-srk',
  )
})

/** The other TPM, behind something that answers with the public area of the first one's key. */
const impostor = ({ own, other }: Context): Exchange => {
  let pinned: Buffer | undefined
  const show = (command: Buffer): Buffer => {
    pinned ??= Buffer.from(own.tpm(command))
    const real = other.tpm(command)
    const response = Buffer.from(pinned)
    real.copy(response, 10, 10, 14) // its own handle
    return response
  }
  return (command) => (nameIn(command) === 'CreatePrimary' ? show(command) : other.tpm(command))
}

test('a TPM that shows the pinned key without having it gets no secret, and gives none', (context) => {
  const sealed = seal(context.own.tpm, policy, secret())
  const seen: Buffer[] = []
  const liar = impostor(context)
  const sniffed: Exchange = (command) => {
    seen.push(Buffer.from(command))
    return liar(command)
  }
  assert.is(
    codeOf(() => seal(sniffed, { pcrs, srk: sealed.srk }, secret())),
    'tpm-session',
  )
  emptied(context.own)
  emptied(context.other)
  assert.is(
    codeOf(() => unseal(sniffed, pcrs, sealed)),
    'tpm-session',
  )
  assert.not.ok(Buffer.concat(seen).includes(secretBytes.subarray(0, 4)))
})

test('one that answers anything, whatever the HMAC it was sent, is found by its own', (context) => {
  const { own, other } = context
  const sealed = seal(own.tpm, policy, secret())
  // All that it needs to say, but for a key it has not: answers to another's session.
  const replayed = new Map<CommandName | undefined, Buffer>()
  unseal(
    (command) => {
      const response = own.tpm(command)
      replayed.set(nameIn(command), Buffer.from(response))
      return response
    },
    pcrs,
    sealed,
  )
  const liar: Exchange = (command) => Buffer.from(replayed.get(nameIn(command)) ?? other.tpm(command))
  assert.is(
    codeOf(() => unseal(liar, pcrs, sealed)),
    'tpm-session',
  )
})

test('a storage key that is no point of its curve gets no session', ({ own }) => {
  const liar = between(own, 'CreatePrimary', {
    response: (bytes) => {
      // The public area lies behind 20 bytes, and the name before what a password gets back.
      const changed = flipped(bytes, 20 + srkTemplate.length - 1)
      nameOf(changed.subarray(20, 20 + srkTemplate.length)).copy(changed, bytes.length - 5 - 34)
      return changed
    },
  })
  assert.is(
    codeOf(() => seal(liar, policy, secret())),
    'tpm-session',
  )
})

for (const [what, at, place, code] of [
  ['a changed storage key', 'CreatePrimary', 60, 'tpm-response'],
  ['a changed nonce of the TPM', 'StartAuthSession', -1, 'tpm-session'],
  ['a changed handle of the session', 'StartAuthSession', 13, 'tpm-error'],
  ['a changed object', 'Create', 40, 'tpm-session'],
  ['a changed nonce in an answer', 'Create', -40, 'tpm-session'],
  ['a changed HMAC', 'Create', -1, 'tpm-session'],
] as const)
  test(`sealing: ${what} halts with ${code}`, ({ own }) => {
    const liar = between(own, at, { response: (bytes) => flipped(bytes, place) })
    assert.is(
      codeOf(() => seal(liar, policy, secret())),
      code,
    )
  })

for (const [what, at, place, code] of [
  ['a changed value of a PCR', 'PCR_Read', -1, 'tpm-pcrs'],
  ['a changed name of the object', 'Load', 20, 'tpm-session'],
  ['a changed attestation', 'CertifyCreation', 40, 'tpm-session'],
  ['a changed nonce of the policy session', 'StartAuthSession', -1, 'tpm-session'],
  ['a changed secret', 'Unseal', 20, 'tpm-session'],
  ['a changed nonce in the answer', 'Unseal', 60, 'tpm-session'],
  ['a changed HMAC', 'Unseal', -1, 'tpm-session'],
] as const)
  test(`unsealing: ${what} halts with ${code}`, ({ own }) => {
    const sealed = seal(own.tpm, policy, secret())
    const liar = between(own, at, { response: (bytes) => flipped(bytes, place) })
    assert.is(
      codeOf(() => unseal(liar, pcrs, sealed)),
      code,
    )
  })

test('what is cut short, is longer than it says, or is an error with more behind it, is no answer', ({
  own,
}) => {
  const sealed = seal(own.tpm, policy, secret())
  for (const at of [
    'CreatePrimary',
    'PCR_Read',
    'StartAuthSession',
    'Load',
    'Unseal',
    'FlushContext',
  ] as const)
    for (const spoil of [
      (bytes: Buffer) => bytes.subarray(0, -1),
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)]),
      () => Buffer.alloc(0),
      () => Buffer.from('80020000000a00000101', 'hex'),
      () => Buffer.from('80010000000b0000010100', 'hex'),
    ]) {
      emptied(own)
      const liar = between(own, at, { response: spoil })
      assert.is(
        codeOf(() => unseal(liar, pcrs, sealed)),
        'tpm-response',
        at,
      )
    }
})

test('an error is said with the command and its code, and nothing is asked again', ({ own }) => {
  const sealed = seal(own.tpm, policy, secret())
  let asked = 0
  const failing = between(own, 'StartAuthSession', {
    response: () => {
      asked++
      return Buffer.from('80010000000a00000922', 'hex') // TPM_RC_RETRY
    },
  })
  try {
    unseal(failing, pcrs, sealed)
    assert.unreachable()
  } catch (thrown) {
    assert.match((thrown as Error).message, /^tpm-error: .*TPM2_StartAuthSession with 0x922/)
  }
  assert.is(asked, 1)
})

test('values of PCRs that were never there are not sealed to', ({ own }) => {
  const liar = between(own, 'PCR_Read', { response: (bytes) => flipped(bytes, -1) })
  assert.is(
    codeOf(() => seal(liar, policy, secret())),
    'tpm-pcrs',
  )
})

test('a blob that was changed, or that is of another object, opens nothing', ({ own, other }) => {
  const sealed = seal(own.tpm, policy, secret())
  const foreign = seal(other.tpm, policy, secret())
  const another = seal(own.tpm, policy, secret())
  for (const changed of [
    { private: flipped(sealed.private, -1) },
    { private: sealed.private.subarray(0, -1) },
    { private: Buffer.alloc(0) },
    { private: another.private },
    { private: foreign.private },
    { public: another.public },
    { public: flipped(sealed.public, 7) },
    { public: sealed.public.subarray(1) },
    { ticket: another.ticket },
    { ticket: flipped(sealed.ticket, -1) },
    { ticket: flipped(sealed.ticket, 5) },
    { ticket: Buffer.alloc(0) },
  ]) {
    emptied(own)
    assert.is(
      codeOf(() => unseal(own.tpm, pcrs, { ...sealed, ...changed })),
      'tpm-blob',
      Object.keys(changed).join(),
    )
  }
})

/** What somebody else's image can ask of the TPM that ours uses: an object under whatever policy, with no session. */
const plant = (soft: SoftTpm, policyDigest: Buffer): ReturnType<typeof seal> => {
  const empty = sized(Buffer.alloc(0))
  const auth = Buffer.concat([u32(handles.password), empty, Buffer.of(0), empty])
  const parent = ask(
    soft.tpm,
    {
      ...{ name: 'CreatePrimary', handles: [handles.owner], auth },
      parameters: Buffer.concat([sized(Buffer.alloc(4)), sized(srkTemplate), empty, noSelection]),
    },
    1,
  )
  const area = readAll(parent.parameters, (from) => [from.sized(1024), from.rest()] as const)?.[0]
  const template = printSealedPublic({ policy: policyDigest, unique: Buffer.alloc(0) })
  const { parameters } = ask(soft.tpm, {
    ...{ name: 'Create', handles: [parent.handle], auth },
    parameters: Buffer.concat([
      sized(Buffer.concat([empty, sized(Buffer.alloc(32, 0xbb))])),
      ...[sized(template), empty, printSelection(pcrs)],
    ]),
  })
  const made = readAll(parameters, (from) => {
    const blobs = { private: from.sized(1024), public: from.sized(1024) }
    from.sized(1024)
    from.sized(1024)
    return { ...blobs, ticket: from.rest() }
  })
  if (area === undefined || made === undefined) throw new Error('nothing is planted')
  emptied(soft)
  return { srk: nameOf(area).toString('hex'), ...made }
}

test('what another image sealed to the PCRs of ours is not taken, though the TPM would open it', async (context) => {
  const state = mkdtempSync(join(context.directory, 'image'))
  const ours = await powerOn(context, state)
  const genuine = seal(ours.tpm, policy, secret())
  await ours.close()
  // Another image on the same TPM asks for an object under the policy of ours: a policy is only a digest.
  const theirs = await powerOn(context, state)
  extend(theirs.tpm, 9, Buffer.alloc(32, 9))
  const wanted = parseSealedPublic(genuine.public)?.policy ?? Buffer.alloc(0)
  const planted = plant(theirs, wanted)
  assert.is(planted.srk, genuine.srk)
  await theirs.close()
  const again = await powerOn(context, state)
  assert.is(
    codeOf(() => unseal(again.tpm, pcrs, planted)),
    'tpm-blob',
  )
  emptied(again)
  using found = unseal(again.tpm, pcrs, genuine)
  assert.equal(found.bytes, secretBytes)
})

test('a PCR is extended by the digest, and read back', ({ own }) => {
  const [before = Buffer.alloc(0)] = readPcrs(own.tpm, [12])
  const digest = Buffer.alloc(32, 7)
  assert.equal(extend(own.tpm, 12, digest), sha256(before, digest))
  assert.equal(readPcrs(own.tpm, [12])[0], sha256(before, digest))
})

test('a PCR that is not extended, for all that the TPM says, halts', ({ own }) => {
  const done = Buffer.from('80020000001300000000000000000000010000', 'hex')
  const liar: Exchange = (command) => (nameIn(command) === 'PCR_Extend' ? done : own.tpm(command))
  assert.is(
    codeOf(() => extend(liar, 11, Buffer.alloc(32, 7))),
    'tpm-extend',
  )
})

test.run()
