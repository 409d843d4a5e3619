// Keys in the memory of a process that is done with them: it stands still, and all it can write to is searched.

import { type ChildProcess, spawn } from 'node:child_process'
import { pbkdf2Sync } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Secret } from '../src/keys/secret.ts'
import { areaKeyBytes, iterations } from '../src/layout/luks2/profile.ts'
import { kdfA } from '../src/machine/tpm/session.ts'

const step = 1 << 20

/** All that the process may write to, in pieces that share `overlap` bytes. What the kernel gives to nobody is not there. */
const memoryOf = ({ pid }: ChildProcess, overlap: number): Buffer[] => {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const pieces: Buffer[] = []
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
    for (let at = BigInt(`0x${from ?? 0}`); at < BigInt(`0x${to ?? 0}`); at += BigInt(step))
      try {
        const piece = Buffer.alloc(step + overlap)
        pieces.push(piece.subarray(0, readSync(memory, piece, 0, piece.length, at)))
      } catch {}
  }
  closeSync(memory)
  return pieces
}

const isIn = (pieces: readonly Buffer[], needle: Buffer): boolean =>
  pieces.some((piece) => piece.includes(needle))

/** Runs `code` in a child that imports `names` of `from`; `needles` are made of what it prints, and then looked for. */
const left = async (
  names: string,
  from: string,
  code: string,
  needles: (said: string) => readonly Buffer[],
): Promise<boolean[]> => {
  const source = `import { ${names} } from '${join(import.meta.dirname, '../src', from)}'
    const say = (text) => process.stdout.write(text + '\\n')
    ${code}
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said = await new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(`${text}`)))
  const pieces = memoryOf(child, 64)
  child.kill()
  return needles(said.trim()).map((needle) => isIn(pieces, needle))
}

/** The key of a keyslot's area, as two of AES-256. Made here: the child has it only from the code that is tried. */
const areaKey = (): readonly Buffer[] => {
  const key = pbkdf2Sync(Buffer.alloc(64, 5), Buffer.alloc(32, 6), iterations, areaKeyBytes, 'sha256')
  return [key.subarray(0, 32), key.subarray(32)]
}
const area = `import { pbkdf2Sync, randomBytes } from 'node:crypto'
  const [passphrase, salt] = [Buffer.alloc(64, 5), Buffer.alloc(32, 6)]`

test('a key that is held is found', async () => {
  const key = `${area}
    globalThis.held = pbkdf2Sync(passphrase, salt, ${iterations}, ${areaKeyBytes}, 'sha256')
    say('done')`
  assert.equal(await left('stripes', 'layout/luks2/profile.ts', key, areaKey), [true, true])
})

test('a keyslot that was made leaves no key of its area', async () => {
  const seal = `${area}
    sealKeyslot(randomBytes(64), passphrase, salt, randomBytes)
    say('done')`
  assert.equal(await left('sealKeyslot', 'layout/luks2/keyslot.ts', seal, areaKey), [false, false])
})

test('a volume whose content an owner took leaves no volume key', async () => {
  const decrypt = `${area}
    const key = pbkdf2Sync(passphrase, salt, ${iterations}, ${areaKeyBytes}, 'sha256')
    decryptSectors(key, randomBytes(1 << 20), 0n)
    key.fill(0)
    say('done')`
  assert.equal(await left('decryptSectors', 'owner/image.ts', decrypt, areaKey), [false, false])
})

test("a secret that went to a TPM leaves no key of the session's encryption", async () => {
  const ask = `import { Secret } from '${join(import.meta.dirname, '../src/keys/secret.ts')}'
    const session = { handle: 1, key: new Secret(Buffer.alloc(32, 9)), nonceTpm: Buffer.alloc(32, 8) }
    const asked = { name: 'Create', on: [], parameters: Buffer.alloc(66, 1), hides: 'command', session: 'end' }
    asked.parameters.writeUInt16BE(64)
    const sent = []
    for (let n = 0; n < 10; n++)
      try { askIn((command) => { sent.push(command.toString('hex', 20, 52)); return Buffer.alloc(0) }, session, asked) } catch {}
    say(sent.join(' '))`
  // Behind the head, the length of the authorization, the session's handle and the length of the nonce.
  const keys = (nonces: string): readonly Buffer[] =>
    nonces.split(' ').map((nonce) => {
      using session = new Secret(Buffer.alloc(32, 9))
      return kdfA(session, 'CFB', Buffer.from(nonce, 'hex'), Buffer.alloc(32, 8), 32).bytes.subarray(0, 16)
    })
  assert.not.ok((await left('askIn', 'machine/tpm/session.ts', ask, keys)).includes(true))
})

test.run()
