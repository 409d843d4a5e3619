// Sealing and unsealing by a real TPM 2.0 (swtpm), with a hostile device on the way that sees each byte and may change it. Each
// lie ends in a fault, and no lie learns the secret.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { BootFault, type FaultCode } from '../../src/fault/index.ts'
import {
  ask,
  type CommandName,
  commandCodes,
  type Exchange,
  printCommand,
} from '../../src/machine/tpm/command.ts'
import { extend, loadSrk, seal, unseal } from '../../src/machine/tpm/seal.ts'
import { askIn, type Srk, startSession } from '../../src/machine/tpm/session.ts'
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
import { Secret } from '../../src/secret/secret.ts'
import { fenceDigest, fencePcr } from '../../src/system/tpm.ts'
import { suite } from '../with/suite.ts'
import { type SoftTpm, softTpm } from '../with/swtpm.ts'

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

/** What a PCR has, asked past all that may lie on the way. */
const pcrOf = ({ tpm }: SoftTpm, pcr: number): Buffer => {
  const selection = printSelection([pcr])
  const { parameters } = ask(tpm, { name: 'PCR_Read', handles: [], parameters: selection })
  return Buffer.from(parameters.subarray(-32))
}

/** The name of the storage key. */
const srkOf = (soft: SoftTpm): string => {
  const { srk } = seal(soft.tpm, policy, secret())
  return srk
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
  extend(second.tpm, 11, Buffer.alloc(32, 1), sealed.srk)
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
  extend(soft.tpm, fencePcr, fenceDigest(), sealed.srk)
  const stale: Exchange = (command) =>
    nameIn(command) === 'PCR_Read' && before !== undefined ? Buffer.from(before) : soft.tpm(command)
  assert.is(
    codeOf(() => unseal(stale, pcrs, sealed)),
    'tpm-session',
  )
  emptied(soft)
  // Past all checks of ours: a program that knows the old values, and asks by the sealed object's own policy.
  const session = (then: 'hmac' | 'policy', srk: Srk) => startSession(soft.tpm, srk, then)
  const srk = loadSrk(soft.tpm, sealed.srk)
  const loading = session('hmac', srk)
  const { handle } = askIn(soft.tpm, loading, {
    name: 'Load',
    on: [srk],
    parameters: Buffer.concat([sized(sealed.private), sized(sealed.public)]),
    hides: 'nothing',
    session: 'end',
    handles: 1,
  })
  const opened = session('policy', srk)
  // Without the digest that the TPM would compare at once: the policy is then not that of the object.
  ask(soft.tpm, {
    name: 'PolicyPCR',
    handles: [opened.handle],
    parameters: Buffer.concat([sized(Buffer.alloc(0)), printSelection(pcrs)]),
  })
  const object = { handle, name: nameOf(sealed.public) }
  const asked = { name: 'Unseal', on: [object], hides: 'response', session: 'end' } as const
  assert.is(
    codeOf(() => askIn(soft.tpm, opened, { ...asked, parameters: Buffer.alloc(0) })),
    'tpm-pcrs',
  )
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
  ['a changed value of a PCR', 'PCR_Read', 40, 'tpm-session'],
  ['a changed HMAC of values of PCRs', 'PCR_Read', -1, 'tpm-session'],
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
  const liar = between(own, 'PCR_Read', { response: (bytes) => flipped(bytes, 40) })
  assert.is(
    codeOf(() => seal(liar, policy, secret())),
    'tpm-session',
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
      name: 'CreatePrimary',
      handles: [handles.owner],
      auth,
      parameters: Buffer.concat([sized(Buffer.alloc(4)), sized(srkTemplate), empty, noSelection]),
    },
    1,
  )
  const area = readAll(parent.parameters, (from) => [from.sized(1024), from.rest()] as const)?.[0]
  const template = printSealedPublic({ policy: policyDigest, unique: Buffer.alloc(0) })
  const { parameters } = ask(soft.tpm, {
    name: 'Create',
    handles: [parent.handle],
    auth,
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
  extend(theirs.tpm, 9, Buffer.alloc(32, 9), genuine.srk)
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

/** Another program extends the PCR a moment before the command. */
const racing = ({ tpm }: SoftTpm, at: CommandName, pcr: number): Exchange => {
  const parameters = Buffer.concat([u32(1), Buffer.from('000b', 'hex'), Buffer.alloc(32, 3)])
  const empty = sized(Buffer.alloc(0))
  const auth = Buffer.concat([u32(handles.password), empty, Buffer.of(0), empty])
  return (command) => {
    if (nameIn(command) === at) ask(tpm, { name: 'PCR_Extend', handles: [pcr], auth, parameters })
    return tpm(command)
  }
}

test('a PCR that another program extends meanwhile is not sealed to, nor taken for one that we extended', ({
  own,
}) => {
  assert.is(
    codeOf(() => seal(racing(own, 'Create', 12), policy, secret())),
    'tpm-pcrs',
  )
  emptied(own)
  const srk = srkOf(own)
  assert.is(
    codeOf(() => extend(racing(own, 'PCR_Extend', 12), 12, Buffer.alloc(32, 7), srk)),
    'tpm-extend',
  )
})

test('a PCR is extended by the digest, and the TPM itself says so', ({ own }) => {
  const srk = srkOf(own)
  const before = pcrOf(own, 12)
  const digest = Buffer.alloc(32, 7)
  assert.equal(extend(own.tpm, 12, digest, srk), sha256(before, digest))
  assert.equal(pcrOf(own, 12), sha256(before, digest))
  // Three sessions and three keys fit into it at once: nothing stays loaded.
  for (let n = 0; n < 4; n++) extend(own.tpm, 12, digest, srk)
})

test('a PCR is extended on the TPM that sealed, not on another one', ({ own, other }) => {
  const srk = srkOf(own)
  const before = pcrOf(other, 11)
  assert.is(
    codeOf(() => extend(other.tpm, 11, Buffer.alloc(32, 7), srk)),
    'tpm-srk',
  )
  assert.equal(pcrOf(other, 11), before)
})

const done = Buffer.from('80020000001300000000000000000000010000', 'hex')

test('a bus that drops the extension and answers for the TPM halts, whatever it says of the PCR', (context) => {
  const { own } = context
  const [srk, before] = [srkOf(own), pcrOf(own, fencePcr)]
  const after = sha256(before, fenceDigest())
  let dropped = false
  const says = (command: Buffer, value: Buffer): Buffer => {
    const honest = Buffer.from(own.tpm(command))
    // The value is the last of the parameters; behind it is what proves it.
    value.copy(honest, 10 + 4 + honest.readUInt32BE(10) - 32)
    return honest
  }
  const liar: Exchange = (command) => {
    const name = nameIn(command)
    if (name === 'PCR_Extend') {
      dropped = true
      return done
    }
    return name === 'PCR_Read' && dropped ? says(command, after) : own.tpm(command)
  }
  assert.is(
    codeOf(() => extend(liar, fencePcr, fenceDigest(), srk)),
    'tpm-response',
  )
  emptied(own)
  // With an answer of the right shape: of another session, to the same command.
  let recorded = done
  const other = Buffer.alloc(32, 1)
  extend(
    between(own, 'PCR_Extend', { response: (bytes) => (recorded = Buffer.from(bytes)) }),
    ...([12, other, srk] as const),
  )
  const replaying: Exchange = (command) => {
    if (nameIn(command) !== 'PCR_Extend') return liar(command)
    dropped = true
    return recorded
  }
  dropped = false
  assert.is(
    codeOf(() => extend(replaying, fencePcr, fenceDigest(), srk)),
    'tpm-session',
  )
  assert.equal(pcrOf(own, fencePcr), before)
})

/** One answer to one command of a conversation, and what a bus makes of the two. */
type Tampering = (command: Buffer, tpm: Exchange, honest: Buffer) => Buffer

/** Every so many bytes: other ones in each conversation, so that together they are all. */
const stride = 5
const placesIn = (bytes: Buffer, first: number): number[] =>
  [...bytes.keys()].filter((at) => at % stride === first % stride)

const conversations = ({ own }: Context) => {
  const sealed = seal(own.tpm, policy, secret())
  let count = 0
  return {
    seal: (tpm: Exchange) => {
      const made = seal(tpm, { pcrs, srk: sealed.srk }, secret())
      emptied(own)
      using found = unseal(own.tpm, pcrs, made)
      assert.equal(found.bytes, secretBytes)
    },
    unseal: (tpm: Exchange) => {
      using found = unseal(tpm, pcrs, sealed)
      assert.equal(found.bytes, secretBytes)
    },
    // Of a PCR that none of the others is sealed to.
    extend: (tpm: Exchange) => {
      const digest = sha256(Buffer.of(count++ & 255))
      const before = pcrOf(own, 5)
      const value = extend(tpm, 5, digest, sealed.srk)
      assert.equal([value, pcrOf(own, 5)], [sha256(before, digest), sha256(before, digest)])
    },
  }
}

for (const which of ['seal', 'unseal', 'extend'] as const)
  test(`${which}: a bus that drops, repeats, replays or changes any command or answer ends it, or changes nothing`, (context) => {
    const { own } = context
    const run = conversations(context)[which]
    const record = (): { command: Buffer; response: Buffer }[] => {
      const said: { command: Buffer; response: Buffer }[] = []
      emptied(own)
      run((command) => {
        const response = own.tpm(command)
        said.push({ command: Buffer.from(command), response: Buffer.from(response) })
        return response
      })
      // What a conversation asks itself, past the bus, is no part of it.
      return said
    }
    const said = record()
    let ended = 0
    const tampered = (at: number, change: Tampering): void => {
      const honest = said[at]
      assert.ok(honest)
      let n = 0
      emptied(own)
      try {
        run((command) => (n++ === at ? change(command, own.tpm, honest.response) : own.tpm(command)))
      } catch (thrown) {
        if (!(thrown instanceof BootFault)) throw thrown
        assert.match(thrown.fault.code, /^tpm-/)
        ended++
      }
    }
    for (const [at, { command, response }] of said.entries()) {
      const name = nameIn(command)
      const before = ended
      tampered(at, (_, __, honest) => Buffer.from(honest))
      tampered(at, (asked, tpm) => {
        tpm(asked)
        return Buffer.from(tpm(asked))
      })
      tampered(at, () => Buffer.from('80010000000a00000000', 'hex'))
      tampered(at, () => Buffer.from('80010000000a00000101', 'hex'))
      // The first three end it, but for commands whose answer nothing rests on.
      if (name !== 'FlushContext' && name !== 'CreatePrimary' && name !== 'PolicyPCR')
        assert.ok(ended - before >= 3, `${name} ${at}: ${ended - before}`)
      // Not its tag and size: the kernel compares them with what it was given.
      for (const place of placesIn(command, at).filter((one) => one > 5))
        tampered(at, (asked, tpm) => Buffer.from(tpm(flipped(asked, place))))
      for (const place of placesIn(response, at + 1)) tampered(at, (asked, tpm) => flipped(tpm(asked), place))
    }
    assert.ok(ended > 100, `${ended}`)
    // And past all that, it goes on.
    emptied(own)
    run(own.tpm)
  })

test.run()
