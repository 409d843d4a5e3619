// Devices below /sys/bus that may have disks behind them and have no driver. The host can forge every fact here.

import { lstatSync, readdirSync } from 'node:fs'
import { type Controller, mayHaveDisks } from '../system/controllers.ts'
import { modulesFor } from './loader.ts'
import { readText } from './text.ts'

const buses = ['pci', 'usb', 'virtio', 'vmbus'] as const

const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Whether an entry has that path. A link counts, even one without a target. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** PCI and virtio devices have their own files of vendor and device; a USB interface has those of the device around it. */
const idOf = (bus: (typeof buses)[number], path: string, name: string): string => {
  const read = (file: string) => readText(`${path}/${file}`)?.trim().replace(/^0x/, '') ?? ''
  if (bus === 'usb') return `${read('../idVendor')}:${read('../idProduct')}`
  return bus === 'vmbus' ? name : `${read('vendor')}:${read('device')}`
}

/** `sys` is /sys, except in tests. */
export const undriven = (sys = '/sys', modules = modulesFor): Controller[] =>
  buses.flatMap((bus) =>
    namesIn(`${sys}/bus/${bus}/devices`)
      .sort()
      .flatMap((name): Controller[] => {
        const path = `${sys}/bus/${bus}/devices/${name}`
        const modalias = readText(`${path}/modalias`)?.trim() ?? ''
        if (!mayHaveDisks(modalias) || isThere(`${path}/driver`)) return []
        return [{ bus, id: idOf(bus, path, name), modalias, modules: modules(modalias) }]
      }),
  )
