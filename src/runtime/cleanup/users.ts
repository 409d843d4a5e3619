// Who uses a file system: processes that have a file of it open, mapped or running, or that stand in it.

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

/** `major:minor` of what a link of /proc leads to, without asking for its name. */
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

/** The first use by each process but this one of a file system among `devs`, each `major:minor`. */
export const usersOf = (devs: ReadonlySet<string>): User[] =>
  namesIn('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const link = linksOf(pid).find((one) => devs.has(devOf(one) ?? ''))
      if (link === undefined) return []
      const name = read(() => readFileSync(`/proc/${pid}/comm`, 'latin1').trimEnd())
      return [{ pid: Number(pid), name, path: read(() => readlinkSync(link)) }]
    })
