// Changes to the tree of a JSON text, so that it still parses and only its shape or its values are wrong.

import type { Random } from './random.ts'

type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree }

/** Stands for nesting too deep for whoever follows it by recursion. */
const deep = '@deep'
const values: readonly Tree[] = [
  ...[null, true, 0, -1, 1.5, 1e21, 2 ** 53, '', '-', 'abcd', '\0', '\ud800', '4096', '0'.repeat(64)],
  ...[
    [],
    {},
    [[]],
    { volume: '__proto__' },
    { volume: 'toString', x: 1 },
    { data: { partuuid: '', bytes: 1 } },
  ],
]
const keys = ['__proto__', 'constructor', 'toString', '0', '', 'data', 'format', 'volumes', 'volume', 'more']

const change = (random: Random, tree: Tree): Tree => {
  if (random.once(3000)) return deep
  if (tree === null || typeof tree !== 'object' || random.once(12)) return random.pick(values)
  const entries: [string, Tree][] = Object.entries(tree)
  const at = random.int(entries.length)
  const [key = '', value = null] = entries[at] ?? []
  const how = random.int(12)
  if (how === 0) entries.splice(at, 1)
  else if (how === 1) entries.splice(at, 1, [random.pick(keys), value])
  else if (how === 2) {
    const more = random.once(100) ? deep : random.pick(values)
    entries.splice(random.int(entries.length + 1), 0, [random.pick(keys), more])
  } else if (how === 3) entries.reverse()
  else entries.splice(at, 1, [key, change(random, value)])
  // Not Object.fromEntries' elder `x[key] =`: that would set a prototype where the key is __proto__.
  return Array.isArray(tree) ? entries.map(([, one]) => one) : Object.fromEntries(entries)
}

const pretty = (tree: unknown): string => `${JSON.stringify(tree, undefined, 2)}\n`

/** `text` with up to two changes to its tree, printed as the format prints it. */
export const mutateJson = (
  random: Random,
  text: string,
  print: (tree: unknown) => string = pretty,
): string => {
  let tree: Tree = JSON.parse(text)
  for (let n = random.int(3); n > 0; n--) tree = change(random, tree)
  return print(tree).replaceAll(`"${deep}"`, () => '['.repeat(20_000) + ']'.repeat(20_000))
}
