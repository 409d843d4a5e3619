// What bash and zsh complete: the verbs, and what each says of its own options in its help. Pure.

export type Option = {
  /** With its dashes. */
  readonly name: string
  /** What its value is; undefined where it takes none. */
  readonly takes: undefined | 'file' | 'text' | readonly string[]
}

export type Completed = {
  readonly verb: string
  readonly about: string
  /** Words that come first, as keygen after owner. */
  readonly subverbs: readonly string[]
  readonly options: readonly Option[]
}

const takesOf = (value: string): Option['takes'] => {
  if (value === '') return undefined
  if (/^[a-z0-9]+(?:\|[a-z0-9]+)+$/.test(value)) return value.split('|')
  return /FILE|DIR|PATH|DEVICE|TREE/.test(value) ? 'file' : 'text'
}

/** Reads the lines of a help that show a call, up to the first that does not. */
const callsIn = (help: string): string =>
  [...help.matchAll(/^ *cvmboot [a-z][^\n:]*\n(?: {4,}[^\n]*\n)*/gm)].map(([call]) => call).join('')

/** An option in a call takes a value where a word follows that is neither an option nor a bracket. */
const optionsIn = (calls: string): Option[] => {
  const found = new Map<string, Option>()
  for (const [, name = '', value = ''] of calls.matchAll(
    /(--[a-z][a-z0-9-]*)(?: ([A-Za-z0-9|@]+(?:\|[A-Za-z0-9@]+)*))?(?=[\s\])|]|$)/g,
  ))
    if (!found.has(name)) found.set(name, { name, takes: takesOf(value) })
  return [...found.values(), { name: '--help', takes: undefined }]
}

export const completed = (verb: string, about: string, help: string): Completed => {
  const calls = callsIn(help)
  const subverbs = [...calls.matchAll(new RegExp(`cvmboot ${verb} ([a-z]+)\\b`, 'g'))].map(([, word]) => word)
  return { verb, about, subverbs: [...new Set(subverbs)] as string[], options: optionsIn(calls) }
}

const names = 'cvmboot cvmboot-mock'
const topOptions = ['help', '--help', '--version']

const bashCase = ({ verb, subverbs, options }: Completed): string => {
  const values = options.flatMap(({ name, takes }) => {
    if (takes === undefined) return []
    const reply =
      takes === 'file'
        ? 'compopt -o default; COMPREPLY=()'
        : `COMPREPLY=($(compgen -W '${takes === 'text' ? '' : takes.join(' ')}' -- "$cur"))`
    return [`        ${name}) ${reply}; return ;;\n`]
  })
  const words = [...subverbs, ...options.map(({ name }) => name)].join(' ')
  return `    ${verb})\n      case $prev in\n${values.join('')}      esac\n      words='${words}'\n      ;;\n`
}

export const printBash = (verbs: readonly Completed[]): string => `# bash completion for cvmboot
_cvmboot() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${[...verbs.map(({ verb }) => verb), ...topOptions].join(' ')}' -- "$cur"))
    return
  fi
  case \${COMP_WORDS[1]} in
${verbs.map(bashCase).join('')}  esac
  if [[ $cur == -* || -z $cur ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  else
    compopt -o default
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}
complete -F _cvmboot ${names}
`

const zshOption = ({ name, takes }: Option): string => {
  if (takes === undefined) return `'${name}'`
  const action = takes === 'file' ? '_files' : takes === 'text' ? ' ' : `(${takes.join(' ')})`
  return `'${name}:value:${action}'`
}

export const printZsh = (verbs: readonly Completed[]): string => `#compdef ${names}
_cvmboot() {
  local -a verbs
  verbs=(
${verbs.map(({ verb, about }) => `    '${verb}:${about.replaceAll("'", "'\\''")}'\n`).join('')}  )
  if ((CURRENT == 2)); then
    _describe verb verbs
    _arguments ${topOptions.join(' ')}
    return
  fi
  case $words[2] in
${verbs
  .map(({ verb, subverbs, options }) => {
    const first = subverbs.length === 0 ? '' : ` '1:what:(${subverbs.join(' ')})'`
    return `    ${verb}) shift words; ((CURRENT--)); _arguments${first} ${options.map(zshOption).join(' ')} '*:file:_files' ;;\n`
  })
  .join('')}  esac
}
_cvmboot "$@"
`
