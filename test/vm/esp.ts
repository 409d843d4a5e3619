// A disk with an EFI system partition, whose one program the firmware starts by its standard name.

import { open, stat } from 'node:fs/promises'
import { run } from '../../src/machine/exec.ts'

const MiB = 1024 ** 2

/** Lays files beside the program, where systemd's stub looks for them (systemd-stub(7)). */
export const layBeside = async (disk: string, files: readonly string[]): Promise<void> => {
  const partition = ['-i', `${disk}@@1M`]
  const folder = '::EFI/BOOT/BOOTX64.EFI.extra.d'
  await run('mmd', [...partition, folder], { package: 'mtools' })
  for (const file of files) await run('mcopy', [...partition, file, folder], { package: 'mtools' })
}

export const espWith = async (program: string, disk: string): Promise<string> => {
  const room = Math.ceil((await stat(program)).size / MiB) + 64
  const file = await open(disk, 'w')
  await file.truncate((room + 2) * MiB)
  await file.close()
  const table = `label: gpt\nstart=1MiB, size=${room}MiB, type=uefi, name="esp"\n`
  await run('sfdisk', ['--quiet', disk], { input: Buffer.from(table), package: 'fdisk' })
  const partition = ['-i', `${disk}@@1M`]
  await run('mformat', [...partition, '-F', '-T', `${room * 2048}`], { package: 'mtools' })
  await run('mmd', [...partition, '::EFI', '::EFI/BOOT'], { package: 'mtools' })
  await run('mcopy', [...partition, program, '::EFI/BOOT/BOOTX64.EFI'], { package: 'mtools' })
  return disk
}
