// The world as the failure matrix boots it: the same disk, and an initramfs that costs an emulated processor a third less. It
// is not compressed, and its modules have lost their signatures, which cost the kernel 0.6 of 2.8 G instructions to check. The
// other boots of test/vm have the initramfs as users get it.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withListedContent } from '../archives.ts'
import { cached } from '../cache.ts'
import { digest, executable, initramfsOf, pack, say, trees, type World } from '../world.ts'

// include/linux/module_signature.h: signature, description of 12 bytes with the signature's length at its end, mark.
const mark = Buffer.from('~Module signature appended~\n')
const descriptionBytes = 12

/** A module without the signature at its end. Throws where the module has none. */
export const unsigned = (module: Buffer): Buffer => {
  const end = module.length - mark.length
  if (!module.subarray(end).equals(mark)) throw new Error('the module has no signature')
  return module.subarray(0, end - descriptionBytes - module.readUInt32BE(end - 4))
}

export const leanWorld = async (from: World): Promise<World> => {
  const editions = ['cvmboot', 'cvmboot-mock'] as const
  const config = join(trees, 'partition.conf')
  const madeFrom = [from.guest.modules, digest(config), ...editions.map((one) => digest(executable(one)))]
  const entry = await cached('matrix', madeFrom, async (directory) => {
    for (const edition of editions) {
      say(`packing the lean initramfs of ${edition}`)
      const [signed, lean] = [join(directory, 'signed'), join(directory, initramfsOf(edition))]
      await pack(from.guest, edition, config, signed, 'none')
      await withListedContent(signed, lean, ({ path, content }) =>
        path.endsWith('.ko') ? unsigned(Buffer.from(content)) : content,
      )
      await rm(signed)
    }
  })
  return {
    ...from,
    initramfs: {
      cvmboot: join(entry, initramfsOf('cvmboot')),
      'cvmboot-mock': join(entry, initramfsOf('cvmboot-mock')),
    },
  }
}
