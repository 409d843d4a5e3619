// Devices below /sys/bus that may have disks behind them and have no driver. Everything here is the host's word.

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

/** A link itself counts. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** Of PCI and virtio from the device's own files, of USB from those of the device that has the interface. */
const idOf = (bus: (typeof buses)[number], path: string, name: string): string => {
  const read = (file: string) => readText(`${path}/${file}`)?.trim().replace(/^0x/, '') ?? ''
  if (bus === 'usb') return `${read('../idVendor')}:${read('../idProduct')}`
  return bus === 'vmbus' ? name : `${read('vendor')}:${read('device')}`
}

/** `sys`: /sys, but in tests. */
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
