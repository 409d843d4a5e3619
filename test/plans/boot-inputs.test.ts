// The files of a boot, counted: test/golden/boot-inputs.txt. UPDATE_GOLDEN=1 writes the list anew.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bundleProduct, products, root } from '../../build/bundle.ts'
import { families as ofBoot } from '../../src/fault/boot-families.ts'
import type { Family } from '../../src/fault/family.ts'
import { faultCodes } from '../../src/fault/index.ts'

const file = join(root, 'test/golden/boot-inputs.txt')
const head = `# Each source file that the script of a boot contains code of, with its lines of code: lines that are not blank and not only
# comment. The list is made from esbuild's list of what is in the script. A file that joins the boot is a line here.
# UPDATE_GOLDEN=1 node test/plans/boot-inputs.test.ts writes it anew.
`

const themes = {
  spine: 'what a boot does, and in what order',
  keys: 'where the keys of volumes come from, and who may have them',
  codecs: 'formats of bytes and text: printed, parsed, judged',
} as const
type Theme = keyof typeof themes

/** The first match decides. A file that none matches fails the test: it wants a theme. */
const themeOf: readonly (readonly [files: RegExp, theme: Theme])[] = [
  [
    /^src\/machine\/(?:sev-guest|snp-report|snp-certificates|dm|modules|mountinfo|kernel-log|text)\.ts$/,
    'codecs',
  ],
  [/^src\/machine\/tpm\/(?:command|structures|wire)\.ts$/, 'codecs'],
  [/^src\/machine\/(?:tpm\/|(?:tee|libcrypto)\.ts$)/, 'keys'],
  [/^src\/(?:keys|secret)\//, 'keys'],
  [
    /^src\/(?:layout|config|cmdline|evidence)\/|^src\/(?:version|fault\/plain-text|system\/(?:initramfs|tcb|tpm))\.ts$/,
    'codecs',
  ],
  [/^src\/(?:editions|fault|machine|plan|proof|steps|system|verbs)\//, 'spine'],
  [/^src\/(?:boot|cli|exit|main)\.ts$/, 'spine'],
]

/** Lines of a TypeScript source that are neither blank nor only comment. */
const linesOfCode = (text: string): number => {
  let inComment = false
  return text.split('\n').filter((line) => {
    const trimmed = line.trim()
    if (!inComment && trimmed.startsWith('/*')) inComment = true
    const isCode = !inComment && trimmed !== '' && !trimmed.startsWith('//')
    if (inComment && trimmed.endsWith('*/')) inComment = false
    return isCode
  }).length
}

test('lines of code are lines that are neither blank nor only comment', () => {
  const text = '// a\n\nconst a = 1 // b\n  /* c */\n/**\n * d\n */\nconst b = `\n`\n  // e\n'
  assert.is(linesOfCode(text), 3)
})

const { boot } = await bundleProduct(products.production, { project: '0.0.0', git: 'test' })
const inputs = Object.entries(Object.values(boot.meta.outputs)[0]?.inputs ?? {})
  .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && !path.startsWith('builtin:'))
  .map(([path]) => path)
  .sort()

test('the boot evaluates the files of the golden list, with as many lines of code', () => {
  const counted = inputs.map((path) => {
    const theme = themeOf.find(([files]) => files.test(path))?.[1]
    assert.ok(theme !== undefined, `${path} has no theme; give it one in this test`)
    return { path, theme, lines: linesOfCode(readFileSync(join(root, path), 'utf8')) }
  })
  const sum = (rows: typeof counted) =>
    String(rows.reduce((total, { lines }) => total + lines, 0)).padStart(5)
  const parts = Object.entries(themes).map(([theme, about]) => {
    const rows = counted.filter((row) => row.theme === theme)
    const list = rows.map(({ path, lines }) => `${String(lines).padStart(5)}  ${path}\n`)
    return `\n${sum(rows)}  ${theme}: ${about}; files: ${rows.length}\n${list.join('')}`
  })
  const text = `${head}${parts.join('')}\n${sum(counted)}  in all; files: ${counted.length}\n`
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text)
  assert.is(text, readFileSync(file, 'utf8'), 'differs; UPDATE_GOLDEN=1 writes it anew')
})

test('the boot has the words of each failure that it can have', () => {
  const known = new Set(Object.values<Family>(ofBoot).flatMap(({ rows }) => Object.keys(rows)))
  const codes = new Set<string>(faultCodes)
  for (const path of inputs.filter((input) => !input.startsWith('src/fault/')))
    for (const [, word = ''] of readFileSync(join(root, path), 'utf8').matchAll(/'([a-z]+(?:-[a-z]+)+)'/g))
      assert.ok(known.has(word) || !codes.has(word), `${path}: src/fault/boot-families.ts lacks ${word}`)
})

test('each family of a boot has a failure that a file of the boot names', () => {
  const text = inputs
    .filter((input) => !input.startsWith('src/fault/'))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('')
  const named = (code: string) => text.includes(`'${code}'`)
  // Any other error that is thrown is `internal`; no file has to name it.
  const unnamed = Object.entries<Family>(ofBoot).filter(([, { rows }]) => !Object.keys(rows).some(named))
  assert.equal(
    unnamed.map(([name]) => name).filter((name) => name !== 'internal'),
    [],
  )
})

test.run()
