// Lists of `key=value` with commas between them, as QEMU's options take them: a comma in a value is doubled. Print / parse. Pure.

export type KeyValue = readonly [key: string, value: string]

export const printKeyValues = (head: string | undefined, pairs: readonly KeyValue[]): string =>
  [
    ...(head === undefined ? [] : [head.replaceAll(',', ',,')]),
    ...pairs.map(([key, value]) => `${key}=${value.replaceAll(',', ',,')}`),
  ].join(',')

export type KeyValues = { readonly head: string; readonly pairs: readonly KeyValue[] }

/** The first part without an equals sign is the head. A later part without one is a key with an empty value. */
export const parseKeyValues = (text: string): KeyValues => {
  const parts = (text.match(/(?:,,|[^,])+/g) ?? []).map((part) => part.replaceAll(',,', ','))
  const pairs = parts.map((part): KeyValue => {
    const at = part.indexOf('=')
    return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
  })
  const [first] = parts
  return first === undefined || first.includes('=') || text.startsWith(',')
    ? { head: '', pairs }
    : { head: first, pairs: pairs.slice(1) }
}
