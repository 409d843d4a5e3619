// An archive that goes in front of dracut's own. It has the veritytab and the crypttab by which dracut's systemd opens the
// volumes of one disk.

import { readFile, writeFile } from 'node:fs/promises'
import { verityNames } from '../src/layout/layout.ts'
import { partuuids, type RootHash } from '../src/layout/verity.ts'
import { fileType, padding, printEntry, printTrailer } from '../src/pack/cpio.ts'

const tables = (cmdline: string): Readonly<Record<string, string>> => {
  const verity = verityNames
    .filter((name) => name !== 'root-fs') // roothash= opens that
    .map((name) => {
      const hash = new RegExp(`cvmboot\\.roothash\\.${name}=(\\S+)`).exec(cmdline)?.[1] as RootHash
      const { data, tree } = partuuids(hash)
      return `${name} PARTUUID=${data} PARTUUID=${tree} ${hash} x-initrd.attach,panic-on-corruption\n`
    })
  const crypt = ['workspace', 'job-store'].map(
    (name) => `${name} PARTLABEL=${name} /run/keys/${name} luks,x-initrd.attach\n`,
  )
  return { 'etc/veritytab': verity.join(''), 'etc/crypttab': crypt.join('') }
}

/** Writes dracut's initramfs with the tables of the disk that `cmdline` names. */
export const dracutInitramfs = async (packed: string, cmdline: string, output: string): Promise<void> => {
  const parts = Object.entries(tables(cmdline)).flatMap(([path, text], i) => {
    const content = Buffer.from(text)
    const entry = { path, mode: fileType.file | 0o644, bytes: content.length }
    return [printEntry(entry, i + 2), content, Buffer.alloc(padding(content.length))]
  })
  const etc = printEntry({ path: 'etc', mode: fileType.directory | 0o755, bytes: 0 }, 1)
  await writeFile(output, Buffer.concat([etc, ...parts, printTrailer(), await readFile(packed)]))
}
