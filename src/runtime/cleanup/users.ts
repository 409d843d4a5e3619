// The users of a file system: processes that have a file of the file system open, mapped or running, or whose working
// directory or root lies in the file system.

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { printDeviceNumber } from '../../layout/device-number.ts'

export type User = { readonly pid: number; readonly name: string; readonly path: string }

const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory)
  } catch {
    return [] // The process ended meanwhile.
  }
}

/** `major:minor` of the file to which a link of /proc leads. The function does not read the name of the file. */
const devOf = (link: string): string | undefined => {
  try {
    return printDeviceNumber(statSync(link).dev)
  } catch {
    return undefined
  }
}

const linksOf = (pid: string): string[] => [
  ...['cwd', 'root', 'exe'].map((name) => `/proc/${pid}/${name}`),
  ...['fd', 'map_files'].flatMap((directory) =>
    namesIn(`/proc/${pid}/${directory}`).map((name) => `/proc/${pid}/${directory}/${name}`),
  ),
]

const read = (ask: () => string): string => {
  try {
    return ask()
  } catch {
    return '?'
  }
}

/** One use by each other process of a file system among `devs`, each of which is a `major:minor`. */
export const usersOf = (devs: ReadonlySet<string>): User[] =>
  namesIn('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const link = linksOf(pid).find((one) => devs.has(devOf(one) ?? ''))
      if (link === undefined) return []
      const name = read(() => readFileSync(`/proc/${pid}/comm`, 'latin1').trimEnd())
      return [{ pid: Number(pid), name, path: read(() => readlinkSync(link)) }]
    })
