// /proc/self/mountinfo: parse (proc_pid_mountinfo(5)). Pure. Only tests print it, to read it again.

export type Mount = {
  /** `major:minor` of the file system. */
  readonly dev: string
  /** The directory of the file system that is mounted: `/`, except for bind mounts. */
  readonly root: string
  readonly target: string
  readonly options: readonly string[]
  readonly type: string
  readonly source: string
  readonly superOptions: readonly string[]
}

const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

const escapeOctal = (text: string): string =>
  text.replace(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`)

/** In the file's order: a later mount on the same target hides an earlier mount. Lines of another form are left out. */
export const parseMountinfo = (text: string): Mount[] =>
  text.split('\n').flatMap((line) => {
    const fields = line.split(' ')
    // The first lone `-` behind the six fixed fields ends the optional ones. A mount may have the source `-`, which comes later.
    const end = fields.indexOf('-', 6)
    const [, , dev, root, target, options] = fields
    const [type, source, superOptions] = end < 0 ? [] : fields.slice(end + 1)
    if (dev === undefined || root === undefined || target === undefined || options === undefined) return []
    if (type === undefined || source === undefined || superOptions === undefined) return []
    return [
      {
        dev,
        root: unescapeOctal(root),
        target: unescapeOctal(target),
        options: options.split(','),
        type,
        source: unescapeOctal(source),
        superOptions: superOptions.split(','),
      },
    ]
  })

export const printMountinfo = (mounts: readonly Mount[]): string =>
  mounts
    .map((m, i) => {
      const left = [i + 1, i, m.dev, escapeOctal(m.root), escapeOctal(m.target), m.options.join(',')]
      return `${left.join(' ')} - ${m.type} ${escapeOctal(m.source)} ${m.superOptions.join(',')}\n`
    })
    .join('')
