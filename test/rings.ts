// The rings of tests, from pure functions to real boots, and the files that a word on the command line of `npm test` names.

export type RingName = 'tables' | 'plans' | 'fake' | 'premises' | 'fuzz' | 'tools' | 'vm'

/** Rings of one stage run together, one file a core. A stage begins when the stage before it has ended. */
export type Stage = 'unit' | 'tools' | 'vm'

export type Ring = {
  readonly stage: Stage
  readonly about: string
  /** Files that begin before the others of their stage, because they take longest. */
  readonly longest?: readonly string[]
}

/** The files of a ring are those below `test/NAME/`. The `unit` stage needs Node alone: no other package, and no root. */
export const rings: Readonly<Record<RingName, Ring>> = {
  tables: {
    stage: 'unit',
    about: 'pure functions, print/parse pairs, vectors',
    longest: ['residue.test.ts', 'layout/luks2-bytes.test.ts'],
  },
  plans: { stage: 'unit', about: 'golden texts of plans' },
  fake: { stage: 'unit', about: 'the boot in a fake machine', longest: ['lasting.test.ts'] },
  premises: { stage: 'unit', about: 'how the kernel, libc and Node behave' },
  fuzz: { stage: 'unit', about: 'hostile bytes for each parser; a short run', longest: ['fuzz.test.ts'] },
  tools: {
    stage: 'tools',
    about: 'programs of the build host and real file systems',
    longest: ['build/packages.test.ts', 'setup/root.test.ts'],
  },
  vm: {
    stage: 'vm',
    about: 'real boots in QEMU',
    longest: [
      'matrix.test.ts',
      'defaults.test.ts',
      'packages.test.ts',
      'dracut-matrix.test.ts',
      'owner.test.ts',
      'dracut.test.ts',
      'lasting.test.ts',
      'initramfs-tools-matrix.test.ts',
      'uki.test.ts',
      'running.test.ts',
      'disks.test.ts',
      'initramfs-tools.test.ts',
    ],
  },
}

export const ringNames = Object.keys(rings) as readonly RingName[]
const stages = ['unit', 'tools', 'vm'] as const

/** The ring that a test file, `test/RING/….test.ts`, belongs to. */
export const ringOf = (file: string): RingName | undefined =>
  ringNames.find((name) => file.startsWith(`test/${name}/`))

export type Order = {
  /** Test files by stage, in the order in which they begin. */
  readonly files: ReadonlyMap<Stage, readonly string[]>
  /** Whether types and style are checked too: not where single rings or files are asked for. */
  readonly sources: 'check' | 'leave'
  /** Whether the share of lines that the tests run is measured: it says something over `unit` and `tools` together only. */
  readonly coverage: 'measure' | 'leave'
}

const isStage = (word: string): word is Stage => stages.some((stage) => stage === word)
const isRing = (word: string): word is RingName => ringNames.some((name) => name === word)

/**
 * What the words ask for, out of all test files: nothing is everything, `unit` is a stage, else a ring, a directory or a file.
 * Throws for a word that names none of them.
 */
export const orderOf = (words: readonly string[], all: readonly string[]): Order => {
  const named = (word: string): readonly string[] => {
    const path = word.replace(/^\.\//, '').replace(/\/$/, '')
    const found = all.filter((file) => {
      const ring = ringOf(file)
      if (ring === undefined) return false
      if (isStage(word) && rings[ring].stage === word) return true
      return isRing(word) ? ring === word : file === path || file.startsWith(`${path}/`)
    })
    if (found.length > 0) return found
    throw new Error(`${word}: no test; say a ring (unit, ${ringNames.join(', ')}), a directory or a file`)
  }
  const asked = new Set(words.length === 0 ? all.filter((file) => ringOf(file)) : words.flatMap(named))
  const files = new Map(
    stages.flatMap((stage) => {
      const inStage = [...asked].filter((file) => stageOf(file) === stage)
      return inStage.length === 0 ? [] : [[stage, longestFirst(inStage)] as const]
    }),
  )
  const whole = (stage: Stage) => words.length === 0 || words.includes(stage)
  return {
    files,
    sources: whole('unit') ? 'check' : 'leave',
    coverage: whole('unit') && whole('tools') ? 'measure' : 'leave',
  }
}

const stageOf = (file: string): Stage | undefined => {
  const ring = ringOf(file)
  return ring === undefined ? undefined : rings[ring].stage
}

const longest = ringNames.flatMap((ring) => (rings[ring].longest ?? []).map((file) => `test/${ring}/${file}`))

/** The paths of files that begin first, of all rings. */
export const longestFiles: readonly string[] = longest

const longestFirst = (files: readonly string[]): readonly string[] => {
  const place = (file: string) => (longest.includes(file) ? longest.indexOf(file) : longest.length)
  return [...files].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
}
