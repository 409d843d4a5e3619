// The record of the files that `cvmboot install` wrote, so that uninstall removes those files and no others: print / parse. Pure.

/** The file at a path: `mode` as chmod takes it, `sha256` of the content or of a link's target, in hexadecimal digits. */
export type Left = { readonly kind: 'file' | 'link'; readonly mode: number; readonly sha256: string }

export type Installed = {
  readonly files: ReadonlyMap<string, Left>
  /** The directories that install made for the files, parents first. */
  readonly directories: readonly string[]
}

export const recordPath = '/var/lib/cvmboot/installed'

const head = 'cvmboot install 1'

/** One line for each entry, which begins with its kind. The last line counts the entries, so a cut-off record is noticed. */
export const printRecord = ({ files, directories }: Installed): string => {
  const lines = [
    ...[...files].map(([path, { kind, mode, sha256 }]) => `${kind} ${mode.toString(8)} ${sha256} ${path}`),
    ...directories.map((path) => `directory ${path}`),
  ]
  return [head, ...lines, `end ${lines.length}`, ''].join('\n')
}

/** An absolute path without `..` and control characters, since uninstall removes the file by this name. */
const path = String.raw`((?:/(?!\.\.?(?:/|$))[^/\x00-\x1f]+)+)`
const fileLine = new RegExp(`^(file|link) ([0-7]{3,4}) ([0-9a-f]{64}) ${path}$`)
const directoryLine = new RegExp(`^directory ${path}$`)

/** Undefined where the record is cut off or malformed. */
export const parseRecord = (text: string): Installed | undefined => {
  const lines = text.split('\n')
  if (lines.shift() !== head || lines.pop() !== '' || lines.pop() !== `end ${lines.length}`) return undefined
  const files = new Map<string, Left>()
  const directories: string[] = []
  for (const line of lines) {
    const [, kind, mode = '', sha256 = '', file] = fileLine.exec(line) ?? []
    const [, directory] = directoryLine.exec(line) ?? []
    if (file !== undefined && !files.has(file))
      files.set(file, { kind: kind === 'link' ? 'link' : 'file', mode: Number.parseInt(mode, 8), sha256 })
    else if (directory !== undefined) directories.push(directory)
    else return undefined
  }
  return { files, directories }
}
