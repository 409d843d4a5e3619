// Boots one peer up to the init of the new root, counts the instructions of the guest, and reads the lines that the marker
// writes to the console.

import type { StepState } from '../src/proof/state.ts'
import { parseState } from '../src/proof/state.ts'
import { lastWords } from '../test/vm/guest-report.ts'
import { boot, type Disk, type Machine } from '../test/vm/qemu.ts'

export type Figures = {
  /** 10^9 instructions from the start of the kernel to that of the new root's init, without idling. */
  readonly whole: number
  /** The same from the start of /init, idling included: what runs is not told apart that early. */
  readonly fromInit: number
  readonly unpack: number
  /** MiB in use before the pivot and at the new root's init. */
  readonly memoryBefore: number
  readonly memoryAfter: number
  /** cvmboot's own steps. */
  readonly steps: readonly StepState[]
  readonly modules: readonly string[]
}

export type Peer = {
  readonly kernel: string
  readonly initramfs: string
  readonly cmdline: string
  readonly disks: readonly Disk[]
}

const machine = (peer: Peer): Omit<Machine, 'accelerator'> => ({
  kernel: peer.kernel,
  initramfs: peer.initramfs,
  // The console costs instructions: nothing but warnings goes there.
  cmdline: `console=ttyS0 panic=-1 loglevel=4 printk.devkmsg=on ${peer.cmdline}`,
  disks: peer.disks,
  timeoutSeconds: 900,
  until: /^bench-end|login:|cannot go on/,
})

/** Boots and reads the figures. Throws where the boot did not end at the marker with everything mounted. */
export const measure = async (peer: Peer): Promise<Figures> => {
  const { console } = await boot({ ...machine(peer), accelerator: 'icount', memoryMiB: 1024 })
  const fail = (what: string) => new Error(`${what}; the console ends with\n${lastWords(console)}`)
  if (!/^bench-end$/m.test(console)) throw fail('the boot did not reach the marker')
  const logged = (text: string): number =>
    Number(new RegExp(`^bench-log (\\d+) ${text}`, 'm').exec(console)?.[1] ?? Number.NaN) / 1e6
  const [, up, idle] = /^bench-times ([\d.]+) (\d+)/m.exec(console) ?? []
  // /proc/stat counts hundredths.
  const busy = Number(up) - Number(idle) / 100
  const lines = (prefix: string) =>
    [...console.matchAll(new RegExp(`^${prefix} (.*)$`, 'gm'))].map((m) => m[1] ?? '')
  const mapped = lines('bench-mount').filter((line) => /^\/dev\/(?:mapper\/|dm-)/.test(line))
  const nothing = mapped.length === 0 && lines('bench-mount').length < 6
  if (!nothing && mapped.length !== 5) throw fail(`${mapped.length} of 5 volumes are mounted`)
  const state = parseState(
    lines('bench-state')
      .map((line) => `${line}\n`)
      .join(''),
  )
  const before = /^bench-log \d+ marker: memory (\d+)/m.exec(console)?.[1]
  const ours = /^bench-log \d+ cvmboot: handing over to \S+; (\d+) of/m.exec(console)?.[1]
  return {
    whole: busy,
    fromInit: busy - logged('Run /init'),
    unpack: logged('Freeing initrd memory') - logged('Trying to unpack'),
    memoryBefore: ours === undefined ? Number(before) / 1024 : Number(ours),
    memoryAfter: Number(/^bench-memory (\d+)/m.exec(console)?.[1]) / 1024,
    steps: state?.steps ?? [],
    modules: lines('bench-module').map((line) => line.split(' ')[0] ?? ''),
  }
}

/** Whether the peer reaches the marker with this much memory, in real time: shortage shows as a panic or as none. */
export const bootsWith = async (peer: Peer, memoryMiB: number): Promise<boolean> => {
  const { console } = await boot({ ...machine(peer), accelerator: 'tcg', memoryMiB, timeoutSeconds: 150 })
  return /^bench-end$/m.test(console)
}
