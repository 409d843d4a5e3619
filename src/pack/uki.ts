// `cvmboot pack --uki`: kernel, initramfs and command line in one EFI program. The firmware measures the program as a whole,
// and may check its signature. The output appears only after all inputs are checked and the finished image is read back.

import { chmod, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readCmdlineOption } from '../machine/cmdline-file.ts'
import { findTool } from '../machine/exec.ts'
import { printLaunch } from './launch.ts'
import { requireFreeOutput } from './pack.ts'
import { requireUkiBoots } from './uki-boots.ts'
import { badInput, initramfsOf, readOsRelease, readRelease, requireCmdline, sourceOf } from './uki-inputs.ts'
import { makers, type Tool, type UkiParts } from './uki-make.ts'
import { completeUki, type UkiOptions } from './uki-options.ts'
import { writeWhole } from './whole.ts'

const installedTool = async (): Promise<Tool> => {
  // systemd 253 and 254 install ukify in /usr/lib/systemd.
  const ukify = await findTool('ukify', '/usr/lib/systemd')
  return ukify === undefined ? { kind: 'objcopy', path: 'objcopy' } : { kind: 'ukify', path: ukify }
}

export type MadeUki = {
  /** Two or more lines for standard output, the size of the image first. */
  readonly said: string
  readonly cmdline: string
}

/** Makes the image. Faults: `usage`, `cmdline-*`, `pack-*`, `tool-*`, `initramfs-incomplete`, and those of `pack`. */
export const makeUki = async (asked: UkiOptions): Promise<MadeUki> => {
  const { initramfs: wanted, name, kernel, output, stub, signing, existing, ...options } = completeUki(asked)
  await requireFreeOutput({ output, existing })
  const cmdline = readCmdlineOption(options.cmdline)
  const osRelease = await readOsRelease(name)
  const release = await readRelease(kernel, wanted)
  const tool = options.tool ?? (await installedTool())
  if (wanted.kind === 'ready') await sourceOf(wanted.file)
  await sourceOf(stub).catch(() => {
    throw badInput(stub, 'it is not there; apt-get install systemd-boot-efi, or pass --stub')
  })
  await requireCmdline(cmdline, wanted, release)
  let said = ''
  await writeWhole(output, async (directory) => {
    const initramfs = await initramfsOf(wanted, directory)
    said = initramfs.said
    const holding = async (name: string, content: string) => {
      await writeFile(join(directory, name), content)
      return sourceOf(join(directory, name))
    }
    const parts: UkiParts = {
      '.osrel': await holding('os-release', osRelease),
      '.uname': await holding('uname', release),
      '.cmdline': await holding('cmdline', cmdline),
      '.initrd': await sourceOf(initramfs.file),
      '.linux': await sourceOf(kernel),
    }
    const image = await makers[tool.kind]({ tool: tool.path, stub, parts, signing, directory })
    await requireUkiBoots(image, parts, { tool: tool.kind, signed: signing === undefined ? 'no' : 'yes' })
    await chmod(image, 0o644)
    return image
  })
  const { size } = await stat(output)
  const kind = signing === undefined ? 'not signed' : 'signed'
  return {
    said: `${(size / 1e6).toFixed(1)} MB, by ${tool.kind}, ${kind}\nLinux ${release}\n${said}`,
    cmdline,
  }
}

/** Makes the image, and prints how to start it. Faults: those of `makeUki`. */
export const packUki = async (asked: UkiOptions): Promise<void> => {
  const { said } = await makeUki(asked)
  const file = resolve(asked.output)
  process.stdout.write(`${file}: ${said}${printLaunch({ kind: 'uki', file })}`)
}
