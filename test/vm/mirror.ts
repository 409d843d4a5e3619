// The Debian mirror that this machine's own apt uses. Its name may be private, so the tests pass the name on in memory, mask it
// in all output and all kept files, and never write it to a file of the project.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Source = { readonly uri: string; readonly components: string; readonly signedBy: string }

/** deb822 (`.sources`): stanzas of `Field: value`, continued by indented lines. */
export const parseDeb822 = (text: string): Source[] =>
  text
    .split(/\n[ \t]*\n/)
    .map((stanza) => {
      const lines = stanza.replace(/^#.*\n?/gm, '').replace(/\n[ \t]+/g, ' ')
      return new Map(
        [...lines.matchAll(/^([A-Za-z-]+):[ \t]*(.*)$/gm)].map((m) => [m[1]?.toLowerCase(), m[2] ?? '']),
      )
    })
    .filter(
      (fields) =>
        /\bdeb\b(?!-)/.test(fields.get('types') ?? '') && !/^no$/i.test(fields.get('enabled') ?? ''),
    )
    .flatMap((fields) =>
      (fields.get('uris') ?? '').split(/\s+/).map((uri) => ({
        uri,
        components: fields.get('components') ?? '',
        signedBy: fields.get('signed-by') ?? '',
      })),
    )

/** One-line style (`.list`): `deb [options] uri suite component…`. */
export const parseOneLine = (text: string): Source[] =>
  [...text.matchAll(/^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+\S+\s*(.*)$/gm)].map((m) => ({
    uri: m[2] ?? '',
    components: m[3] ?? '',
    signedBy: /signed-by=(\S+)/.exec(m[1] ?? '')?.[1] ?? '',
  }))

/** Debian's own archive: others also end in /debian, but they bring a key ring of their own. */
const isDebian = (source: Source): boolean =>
  /(?:^|\s)main(?:\s|$)/.test(source.components) &&
  /\/debian\/?$/.test(source.uri) &&
  (source.signedBy === '' || source.signedBy.includes('debian-archive-'))

/** The archive among some sources, if it is one that can be fetched from. */
export const archiveOf = (sources: readonly Source[]): string | undefined =>
  sources.find((source) => isDebian(source) && /^https?:/.test(source.uri))?.uri.replace(/\/$/, '')

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** This machine's mirror. Throws where its sources name none (another distribution, a CD). */
export const debianMirror = (apt = '/etc/apt'): string => {
  const parts = join(apt, 'sources.list.d')
  let names: string[] = []
  try {
    names = readdirSync(parts).sort()
  } catch {
    // No such directory: sources.list alone.
  }
  const sources = [
    ...parseOneLine(read(join(apt, 'sources.list'))),
    ...names.flatMap((name) =>
      name.endsWith('.sources')
        ? parseDeb822(read(join(parts, name)))
        : name.endsWith('.list')
          ? parseOneLine(read(join(parts, name)))
          : [],
    ),
  ]
  // Cloud images write mirror+file:///etc/apt/mirrors/debian.list: the URI is in that file.
  const resolved = sources.flatMap((source) => {
    const list = /^mirror\+file:\/*(\/.*)$/.exec(source.uri)?.[1]
    return list === undefined
      ? [source]
      : [...read(list).matchAll(/^\s*(https?:\S+)/gm)].map((m) => ({ ...source, uri: m[1] ?? '' }))
  })
  const mirror = archiveOf(resolved)
  if (mirror === undefined)
    throw new Error('cannot find a Debian mirror in /etc/apt/sources.list or sources.list.d: add one')
  return mirror
}

/** Text with every host name of a URL hidden. */
export const masked = (text: string): string => text.replace(/\b(https?|ftp):\/\/[^\s/]+/g, '$1://MIRROR')
