// Rows: an initramfs that is not whole, memory that does not suffice, and an agent that is killed. Nobody can kill PID 1 from
// inside, and nothing else runs. So its end is a fault of its own, or a lack of memory, and then the kernel stops the machine.

import { manifestPath } from '../../../src/system/initramfs.ts'
import { archive, type Bench, type Change, plus, type Row } from './row.ts'

/** What there is where memory ended behind the executable, before these. */
const without =
  (missing: RegExp) =>
  (bench: Bench): Promise<Change> =>
    archive(bench, ({ path, content }) => (missing.test(`/${path}`) ? undefined : content))

// syscall() of glibc for x86-64: moves of the arguments into their registers, then the instruction.
const syscallCode = Buffer.from('4889f84889f74889d64889ca4d89c24d89c84c8b4c24080f05', 'hex')
/** mov 0,%eax */
const readNull = Buffer.from('8b042500000000', 'hex')

/** A libc whose syscall() crashes: the agent first calls it to load a module, with the plan already said. */
const crashing = (bench: Bench): Promise<Change> =>
  archive(bench, ({ path, content }) => {
    if (!path.endsWith('/libc.so.6')) return content
    const damaged = Buffer.from(content)
    const at = damaged.indexOf(syscallCode)
    if (at < 0 || damaged.indexOf(syscallCode, at + 1) >= 0) throw new Error('libc has another syscall()')
    readNull.copy(damaged, at)
    return damaged
  })

/** Another statement in place of the one that writes the state: the last step before the new init is next. */
const instead =
  (statement: string) =>
  (bench: Bench): Promise<Change> =>
    archive(bench, ({ path, content }) => {
      if (path !== 'init') return content
      const edited = Buffer.from(content)
      const call = '.writeText(statePath, printState('
      const found = edited.indexOf(call)
      // The bundler numbers a name that it has twice.
      const around = edited.toString('latin1', found - 20, found + 80)
      const written =
        /machine[0-9]*\.writeText\(statePath, printState\(stateOf[0-9]*\(boot[0-9]*\)\)\);/.exec(
          around,
        )?.[0] ?? ''
      const at = written === '' ? -1 : edited.indexOf(written)
      // Within a function that is compiled when it is called, and of the same length: all else stays as it was.
      if (at < 0 || statement.length > written.length) throw new Error('the executable has another text')
      edited.write(statement.padEnd(written.length), at, 'latin1')
      return edited
    })

/** The entry point of the executable, overwritten by what no CPU knows (ud2). */
const broken = (bench: Bench): Promise<Change> =>
  archive(bench, ({ path, content }) => {
    if (path !== 'init') return content
    const damaged = Buffer.from(content)
    // ELF64: the entry is an address; the first byte of the file is loaded at 0 or 0x400000 as linkers have it.
    const entry = damaged.readBigUInt64LE(24)
    const start = Number(entry - fileBase(damaged, entry))
    damaged.set([0x0f, 0x0b], start)
    return damaged
  })

/** What to take from an address to get an offset in the file, by the program header that holds it. */
const fileBase = (elf: Buffer, address: bigint): bigint => {
  const first = Number(elf.readBigUInt64LE(32))
  for (let i = 0; i < elf.readUInt16LE(56); i++) {
    const at = first + i * elf.readUInt16LE(54)
    const [offset, virtual, size] = [8, 16, 32].map((o) => elf.readBigUInt64LE(at + o)) as [
      bigint,
      bigint,
      bigint,
    ]
    if (elf.readUInt32LE(at) === 1 && address >= virtual && address < virtual + size) return virtual - offset
  }
  throw new Error('no segment has the entry point')
}

const killed = /Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b/

export const initramfsRows: readonly Row[] = [
  // The kernel logs `unpacking failed: write error` and goes on without what did not fit: here without /init.
  ['too little memory for the executable', 'panics', () => ({ memoryMiB: 300 }), /unpacking failed/],
  ['an archive without its last entry', 'initramfs-incomplete', without(new RegExp(`^${manifestPath}$`))],
  ['an archive without mke2fs', 'initramfs-incomplete', without(/\/mke2fs$/)],
  ['rdinit= of a shell that is not there', 'panics', plus('rdinit=/bin/sh')],
  [
    'the same, where a panic does not reset',
    'panics',
    (b) => ({ ...plus('rdinit=/bin/sh')(b), first: 'console=ttyS0' }),
  ],
  [
    'an agent that crashes before its first word',
    'panics',
    broken,
    /Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000004/,
  ],
  ['an agent that crashes half-way (SIGSEGV)', 'panics', crashing, killed],
  [
    'an agent that aborts with everything open (SIGABRT)',
    'panics',
    instead('process.abort();'),
    /overlay \/var[\s\S]*Attempted to kill init! exitcode=0x0000000b/,
  ],
  [
    'an agent that takes all memory with everything open (SIGKILL)',
    'panics',
    async (b) => ({
      ...(await instead('for(const a=[];;)a.push(Buffer.alloc(1e6,1));')(b)),
      memoryMiB: 640,
    }),
    /overlay \/var[\s\S]*Kernel panic - not syncing: System is deadlocked on memory/,
  ],
  [
    'the same crash, where a panic does not reset',
    'panics',
    async (b) => ({ ...(await crashing(b)), first: 'console=ttyS0' }),
    killed,
  ],
]
