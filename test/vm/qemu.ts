// One boot in QEMU: a machine goes in, its console comes out. This file knows neither a test framework nor cvmboot.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { toolPath } from '../../src/machine/exec.ts'
import { tpmForQemu } from '../with/swtpm.ts'
import { tell } from './qmp.ts'

export type Disk = {
  readonly file: string
  /** What the guest writes is dropped when QEMU ends, unless it is to be kept. */
  readonly writes?: 'drop' | 'keep'
  /** Bytes of its logical blocks, where they are not 512; on virtio-blk only. */
  readonly blockSize?: 4096
  /** What it is attached to, where that is not virtio-blk. */
  readonly at?: keyof typeof attached
  /** Not there at power-on: plugged in so many seconds after a line that matches. */
  readonly plugged?: { readonly after: RegExp; readonly seconds: number }
}

/** `icount`: emulated, with a clock that counts instructions, 10^9 a second, and runs on where nothing does. */
export type Accelerator = 'kvm' | 'tcg' | 'icount'

export type Machine = {
  readonly accelerator: Accelerator
  /** Started by QEMU itself, with the two that follow; without one the firmware has to find something on a disk. */
  readonly kernel?: string
  readonly initramfs?: string
  readonly cmdline?: string
  /** UEFI in place of a BIOS; `secure` is with Secure Boot, and takes what Debian's key "snakeoil" has signed. */
  readonly firmware?: 'uefi' | 'secure'
  readonly disks?: readonly Disk[]
  /** Further arguments of QEMU, for devices that the host attaches. */
  readonly devices?: readonly string[]
  /** Directory with the seeds of a TPM, which may be empty: the TPM is then new. */
  readonly tpm?: string
  /** Serial number in the tables that the firmware gives, and measures into PCR 1. */
  readonly serial?: string
  /** NAME=VALUE that the host hands systemd in those tables, as an OEM string (systemd.system-credentials(7)). */
  readonly credential?: string
  readonly memoryMiB?: number
  /** Ends the boot, once `lingerSeconds` have shown what follows; `halted`: once the CPU stands still for good. */
  readonly until?: RegExp | 'halted'
  /** A file that takes the guest's memory as it is at the end, unless the guest ended by itself. */
  readonly memory?: string
  readonly lingerSeconds?: number
  readonly timeoutSeconds?: number
  /** Sees each line of the console as it is complete, with the seconds since power-on. */
  readonly onLine?: (line: string, seconds: number) => void
}

export type Boot = {
  readonly console: string
  /** `off`: the guest powered off, or reset itself. `matched`: `until` was seen. `late`: the time was over. */
  readonly ended: 'off' | 'matched' | 'halted' | 'late'
  readonly seconds: number
  /** What QEMU itself had to say. */
  readonly said: string
}

// Multi-threaded TCG and cmpxchg16b each crash 6.12 guests at random on QEMU 7.2; this pair never did.
// Without ERMS the kernel clears pages by words: with init_on_free=1 freeing an initramfs took minutes byte by byte.
const acceleration: Record<Accelerator, string> = {
  kvm: '-accel kvm -cpu host -smp 2',
  tcg: '-accel tcg,thread=single -cpu max,cx16=off,erms=off -smp 1',
  icount: '-accel tcg,thread=single -cpu max,cx16=off,erms=off -smp 1 -icount shift=0',
}

/** QEMU's option parser takes a comma for the end of a value, and two for one. */
const quoted = (path: string): string => path.replaceAll(',', ',,')

/** What a disk other than on virtio-blk needs. */
const attached = {
  sata: (index: number) => ['-device', `ide-hd,drive=disk${index},bus=ide.${index}`],
  usb: (index: number) => [
    '-device',
    `qemu-xhci,id=usb${index}`,
    '-device',
    `usb-storage,drive=disk${index}`,
  ],
  lsi: (index: number) => [
    ...['-device', `lsi53c895a,id=lsi${index}`, '-device', `scsi-hd,bus=lsi${index}.0,drive=disk${index}`],
  ],
  nvme: (index: number) => ['-device', `nvme,serial=disk${index},drive=disk${index}`],
  'virtio-scsi': (index: number) => [
    ...['-device', `virtio-scsi-pci,id=scsi${index}`],
    ...['-device', `scsi-hd,bus=scsi${index}.0,drive=disk${index}`],
  ],
} as const

const diskArguments = ({ file, writes, plugged, at, blockSize }: Disk, index: number): string[] => {
  const snapshot = writes === 'keep' ? 'off' : 'on'
  const drive = `if=none,id=disk${index},format=raw,cache=unsafe,snapshot=${snapshot},file=${quoted(file)}`
  const blocks =
    blockSize === undefined ? '' : `,logical_block_size=${blockSize},physical_block_size=${blockSize}`
  const device =
    plugged === undefined
      ? `virtio-blk-pci,drive=disk${index}${blocks}`
      : `pcie-root-port,id=port${index},chassis=${index + 1},slot=${index + 1}`
  return ['-drive', drive, ...(at === undefined ? ['-device', device] : attached[at](index))]
}

const qemuArguments = (machine: Machine, scratch: string, socket: string): string[] => [
  ...'-M q35 -nodefaults -no-user-config -no-reboot -display none -monitor none -serial stdio'.split(' '),
  ...acceleration[machine.accelerator].split(' '),
  ...['-m', `${machine.memoryMiB ?? 1024}`, '-qmp', `unix:${quoted(socket)},server=on,wait=off`],
  ...(machine.kernel === undefined ? [] : ['-kernel', machine.kernel]),
  ...(machine.cmdline === undefined ? [] : ['-append', machine.cmdline]),
  ...(machine.initramfs === undefined ? [] : ['-initrd', machine.initramfs]),
  ...(machine.disks ?? []).flatMap(diskArguments),
  ...(machine.devices ?? []),
  ...(machine.serial === undefined ? [] : ['-smbios', `type=1,serial=${machine.serial}`]),
  ...(machine.credential === undefined
    ? []
    : ['-smbios', `type=11,value=io.systemd.credential:${quoted(machine.credential)}`]),
  ...(machine.tpm === undefined ? [] : tpmArguments(tpmSocket(scratch))),
  // So that what is in memory once the guest has powered off can still be read.
  ...(machine.memory === undefined ? [] : ['-action', 'shutdown=pause']),
  ...(machine.firmware === undefined ? [] : firmwareArguments[machine.firmware]),
]

/** Code and variables in flash; what is written to either is dropped. */
const flash = (...files: readonly string[]): string[] =>
  files.flatMap((file) => ['-drive', `if=pflash,format=raw,snapshot=on,file=/usr/share/OVMF/${file}`])
const firmwareArguments: Readonly<Record<NonNullable<Machine['firmware']>, readonly string[]>> = {
  uefi: flash('OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'),
  secure: [
    ...['-machine', 'smm=on', '-global', 'driver=cfi.pflash01,property=secure,value=on'],
    ...flash('OVMF_CODE_4M.secboot.fd', 'OVMF_VARS_4M.snakeoil.fd'),
  ],
}

const tpmSocket = (scratch: string): string => join(scratch, 'tpm')
const tpmArguments = (socket: string): string[] => [
  ...['-chardev', `socket,id=tpm-socket,path=${quoted(socket)}`],
  ...['-tpmdev', 'emulator,id=tpm0,chardev=tpm-socket', '-device', 'tpm-tis,tpmdev=tpm0'],
]

/** Boots a machine and returns when it is over. Throws only where QEMU itself cannot run. */
export const boot = async (machine: Machine): Promise<Boot> => {
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-vm-'))
  const tpm = machine.tpm === undefined ? undefined : await tpmForQemu(machine.tpm, tpmSocket(scratch))
  try {
    return await run(machine, scratch)
  } finally {
    await tpm?.close()
    await rm(scratch, { recursive: true, force: true })
  }
}

const run = (machine: Machine, scratch: string): Promise<Boot> =>
  new Promise((done, fail) => {
    const socket = join(scratch, 'qmp')
    const started = performance.now()
    const seconds = () => (performance.now() - started) / 1000
    // A run that is killed takes its machine along.
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArguments(machine, scratch, socket)],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: toolPath, TMPDIR: scratch } },
    )
    const timers: NodeJS.Timeout[] = []
    const after = (delay: number, act: () => void) => timers.push(setTimeout(act, delay * 1000))
    let ended: Boot['ended'] = 'off'
    const stop = async (why: Boot['ended']) => {
      ended = why
      const size = (machine.memoryMiB ?? 1024) * 1024 ** 2
      const save = { execute: 'pmemsave', arguments: { val: 0, size, filename: machine.memory } }
      // Where it fails there is no file, and whoever wants it says so.
      if (machine.memory !== undefined) await tell(socket, [save]).catch(() => {})
      child.kill('SIGKILL')
    }
    // Seen twice: when it stands still, its last words may still be on their way out of the serial line.
    let sightings = 0
    const watch = async () => {
      sightings = (await isHalted(socket)) ? sightings + 1 : 0
      if (sightings === 2) await stop('halted')
      else after(0.2, watch)
    }
    if (machine.until === 'halted') after(1, watch)
    let trouble: Error | undefined
    const plug = (index: number) => {
      const device = { driver: 'virtio-blk-pci', drive: `disk${index}`, bus: `port${index}` }
      tell(socket, [{ execute: 'device_add', arguments: device }]).catch((error: Error) => {
        trouble = error
        stop('late')
      })
    }

    let text = ''
    let matched = false
    const plugging = new Set<Disk>()
    const look = (line: string) => {
      for (const [index, disk] of (machine.disks ?? []).entries()) {
        if (!disk.plugged?.after.test(line) || plugging.has(disk)) continue
        plugging.add(disk)
        after(disk.plugged.seconds, () => plug(index))
      }
      if (matched || !(machine.until instanceof RegExp) || !machine.until.test(line)) return
      matched = true
      after(machine.lingerSeconds ?? 0, () => stop('matched'))
    }
    createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (raw) => {
      const line = plain(raw)
      text += `${line}\n`
      machine.onLine?.(line, seconds())
      look(line)
    })
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
      // QEMU then stops the CPU and waits for ever.
      if (said.includes('KVM internal error')) child.kill('SIGKILL')
    })

    after(machine.timeoutSeconds ?? 300, () => stop(matched ? 'matched' : 'late'))
    child.once('error', fail)
    child.once('close', (code) => {
      for (const timer of timers) clearTimeout(timer)
      if (trouble !== undefined) fail(trouble)
      else if (ended === 'off' && code !== 0) fail(new Error(`QEMU failed: ${said.trim()}`))
      else done({ console: text, ended, seconds: seconds(), said })
    })
  })

/** A CPU that sleeps with interrupts off (bit 9 of RFLAGS) never wakes: so a kernel halts, and nothing else does. */
const isHalted = async (socket: string): Promise<boolean> => {
  const ask = { execute: 'human-monitor-command', arguments: { 'command-line': 'info registers' } }
  const [said] = await tell(socket, [ask]).catch(() => [])
  const [, flags = '', halted] = /RFL=([0-9a-f]+) [^\n]* HLT=([01])/.exec(`${said}`) ?? []
  return halted === '1' && (Number.parseInt(flags, 16) & 0x200) === 0
}

// The firmware and systemd colour what they print, and the firmware clears the screen.
const escapes = new RegExp(`${String.fromCharCode(27)}(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\u0007]*\\u0007|c)`, 'g')

const plain = (line: string): string => line.replace(escapes, '').replaceAll('\r', '')
