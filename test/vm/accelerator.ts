// Whether KVM works here, found out once in each boot of this machine. The file /dev/kvm proves nothing: on some hosts it
// exists, and stock guests die under it. So a kernel runs until it has nothing left to do.

import { accessSync, constants, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { type Accelerator, boot } from './qemu.ts'

/** A kernel without an initramfs comes this far and panics. */
const wholeKernel = /Kernel panic - not syncing: VFS: Unable to mount root fs/

const openable = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The fastest accelerator that boots `kernel`. */
export const accelerator = async (kernel: string): Promise<Accelerator> => {
  if (!openable('/dev/kvm')) return 'tcg'
  const thisBoot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
  const entry = await cached('kvm', [thisBoot, kernel], async (directory) => {
    const probe = {
      accelerator: 'kvm',
      kernel,
      cmdline: 'console=ttyS0 panic=-1',
      timeoutSeconds: 20,
    } as const
    const works = await boot(probe).then(
      ({ ended, console }) => ended === 'off' && wholeKernel.test(console),
      () => false,
    )
    await writeFile(join(directory, 'accelerator'), works ? 'kvm' : 'tcg')
  })
  return (await readFile(join(entry, 'accelerator'), 'utf8')) as Accelerator
}
