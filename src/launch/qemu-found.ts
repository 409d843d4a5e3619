// Reads a QEMU command as somebody wrote it. Options are a list: an option that is not on it has an unknown effect. Pure.

import { type FactName, type Found, FoundError, oneNumber, oneSwitch } from './facts.ts'
import { type KeyValue, parseKeyValues } from './key-values.ts'
import { CommandError, parseCommand } from './shell-words.ts'

/** Options without a value that no measurement depends on. */
const flags = new Set(
  'nodefaults no-user-config no-reboot no-shutdown nographic daemonize S enable-kvm'.split(' '),
)
/** Options with a value that no measurement depends on. */
const ignored = new Set(
  'name display serial monitor qmp chardev netdev pidfile D msg sandbox run-with mem-prealloc'.split(' '),
)
/** Device models that put no code or data into the memory of the VM before it starts. */
const deviceModels =
  /^(?:virtio-[a-z0-9-]+|vhost-[a-z0-9-]+|pcie-root-port|pcie-pci-bridge|nvme|nvme-ns|scsi-hd|ide-hd|qemu-xhci|usb-[a-z0-9-]+|vfio-pci|e1000e?|isa-serial)$/
/** Objects that no measurement depends on. */
const objectTypes = /^(?:memory-backend-(?:memfd|ram|file)|iothread|rng-random|rng-builtin|throttle-group)$/

type Draft = {
  readonly named: Map<FactName, string>
  readonly devices: string[]
  readonly unknown: string[]
  readonly objects: Map<string, { readonly type: string; readonly pairs: readonly KeyValue[] }>
  guest: string | undefined
  readonly accelerators: string[]
}

const MiB = 1024 ** 2
const units: Readonly<Record<string, number>> = { K: 1 / 1024, M: 1, G: 1024, T: MiB }

/** A size as `-m` takes it; `M` is its unit where none is given. */
const sizeOf = (text: string): string => {
  const [, number = '', unit = 'M'] = /^([0-9]{1,15})([KMGT])?$/i.exec(text) ?? []
  return number === '' ? text : `${Number(number) * (units[unit.toUpperCase()] ?? 1)} MiB`
}

const processorsIn = (text: string): string => {
  const { head, pairs } = parseKeyValues(text)
  const of = new Map(pairs)
  const named = head === '' ? of.get('cpus') : head
  if (named !== undefined) return named
  const parts = ['sockets', 'dies', 'clusters', 'modules', 'cores', 'threads'].map(
    (key) => of.get(key) ?? '1',
  )
  return `${parts.reduce((product, part) => product * Number(part), 1)}`
}

/** A type with another signature is another type. */
const processorIn = (text: string): string => {
  const { head, pairs } = parseKeyValues(text)
  return pairs.some(([key]) => /^(?:family|model|stepping)$/.test(key)) ? text : head
}

const snpFacts: Readonly<Record<string, readonly [FactName, (text: string) => string]>> = {
  policy: ['policy', oneNumber],
  'kernel-hashes': ['kernelHashes', (text) => (oneSwitch(text) === 'on' ? 'on' : '')],
  'host-data': ['hostData', (text) => text],
  'id-block': ['idBlock', (text) => text],
  'id-auth': ['idAuth', (text) => text],
  'author-key-enabled': ['authorKey', (text) => (oneSwitch(text) === 'on' ? 'on' : '')],
}
const tdxFacts: Readonly<Record<string, readonly [FactName, (text: string) => string]>> = {
  mrconfigid: ['hostData', (text) => text],
  mrowner: ['mrOwner', (text) => text],
  mrownerconfig: ['mrOwnerConfig', (text) => text],
  attributes: ['attributes', oneNumber],
  'sept-ve-disable': ['attributes', (text) => (oneSwitch(text) === 'on' ? '' : 'sept-ve-disable=off')],
}
/** Properties that no measurement depends on. */
const ignoredProperties = /^(?:qom-type|id|cbitpos|reduced-phys-bits|sev-device|quote-generation-socket)$/
const ignoredOfMachine = /^(?:memory-backend|kernel[-_]irqchip|vmport|hpet|graphics|usb)$/
const filesOfMachine: Readonly<Record<string, FactName>> = {
  kernel: 'kernel',
  initrd: 'initramfs',
  append: 'cmdline',
  firmware: 'firmware',
}

const jsonObject = (text: string): readonly KeyValue[] => {
  try {
    const found: unknown = JSON.parse(text)
    if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new FoundError('')
    return Object.entries(found).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : `${value}`,
    ])
  } catch {
    throw new FoundError('it has an -object that is neither JSON nor a list of key=value')
  }
}

const readObject = (draft: Draft, text: string): void => {
  const { head, pairs } = text.startsWith('{') ? { head: '', pairs: jsonObject(text) } : parseKeyValues(text)
  const of = new Map(pairs)
  const type = head === '' ? (of.get('qom-type') ?? '') : head
  const id = of.get('id') ?? ''
  if (draft.objects.has(id))
    throw new FoundError(`it has two objects with the id ${JSON.stringify(id.slice(0, 40))}`)
  draft.objects.set(id, { type, pairs })
  if (type !== 'sev-snp-guest' && type !== 'tdx-guest' && !objectTypes.test(type))
    draft.unknown.push(`-object ${text}`)
}

const readMachine = (draft: Draft, text: string): void => {
  const { head, pairs } = parseKeyValues(text)
  for (const [key, value] of [...(head === '' ? [] : [['type', head] as const]), ...pairs]) {
    const file = filesOfMachine[key]
    if (key === 'type') draft.named.set('machine', value)
    else if (key === 'confidential-guest-support') draft.guest = value
    else if (key === 'accel') draft.accelerators.push(...value.split(':'))
    else if (file !== undefined) draft.named.set(file, value)
    else if (!ignoredOfMachine.test(key)) draft.unknown.push(`-machine ${key}=${value}`)
  }
}

const readDrive = (draft: Draft, text: string): void => {
  const of = new Map(parseKeyValues(text).pairs)
  if (/^(?:pflash|mtd)$/.test(of.get('if') ?? '')) draft.unknown.push(`-drive ${text}`)
  else draft.devices.push(`-drive ${text}`)
}

const readers: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
  accel: (draft, value) => draft.accelerators.push(parseKeyValues(value).head),
  machine: readMachine,
  M: readMachine,
  object: readObject,
  cpu: ({ named }, value) => named.set('vcpuType', processorIn(value)),
  smp: ({ named }, value) => named.set('vcpus', processorsIn(value)),
  m: ({ named }, value) => {
    const { head, pairs } = parseKeyValues(value)
    named.set('memory', sizeOf(head === '' ? (new Map(pairs).get('size') ?? '') : head))
  },
  bios: ({ named }, value) => named.set('firmware', value),
  kernel: ({ named }, value) => named.set('kernel', value),
  initrd: ({ named }, value) => named.set('initramfs', value),
  append: ({ named }, value) => named.set('cmdline', value),
  drive: readDrive,
  blockdev: ({ devices }, value) => devices.push(`-blockdev ${value}`),
  device: ({ devices, unknown }, value) =>
    (deviceModels.test(parseKeyValues(value).head) ? devices : unknown).push(`-device ${value}`),
}

/** The properties of the object that the machine names. Without such an object the VM is an ordinary one. */
const readGuest = (draft: Draft): void => {
  const object = draft.guest === undefined ? undefined : draft.objects.get(draft.guest)
  const tee = object?.type === 'sev-snp-guest' ? 'snp' : object?.type === 'tdx-guest' ? 'tdx' : 'none'
  draft.named.set('tee', tee)
  if (object === undefined || tee === 'none') return
  const known = tee === 'snp' ? snpFacts : tdxFacts
  for (const [key, value] of object.pairs) {
    const fact = Object.hasOwn(known, key) ? known[key] : undefined
    if (fact !== undefined) draft.named.set(fact[0], fact[1](value))
    else if (!ignoredProperties.test(key)) draft.unknown.push(`${object.type} ${key}=${value}`)
  }
  // QEMU's default.
  if (tee === 'snp' && !draft.named.has('policy')) draft.named.set('policy', '0x30000')
}

const readOption = (draft: Draft, words: readonly string[], at: number): number => {
  const word = words[at] ?? ''
  const name = word.replace(/^--?/, '')
  if (name === word) {
    draft.devices.push(word)
    return at + 1
  }
  if (flags.has(name)) {
    if (name === 'enable-kvm') draft.accelerators.push('kvm')
    return at + 1
  }
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined
  const value = words[at + 1]
  if (reader === undefined && !ignored.has(name)) {
    const bare = value === undefined || value.startsWith('-')
    draft.unknown.push(bare ? word : `${word} ${value}`)
    return at + (bare ? 1 : 2)
  }
  if (value === undefined) throw new FoundError(`it ends with ${word}, which takes a value`)
  reader?.(draft, value)
  return at + 2
}

/** Throws `FoundError`. */
export const readQemu = (text: string): Found => {
  let words: readonly string[]
  try {
    words = parseCommand(text)
  } catch (thrown) {
    if (thrown instanceof CommandError) throw new FoundError(thrown.message)
    throw thrown
  }
  const [program = ''] = words
  if (!/(?:^|\/)qemu-(?:system-x86_64|kvm)$|^\/usr\/libexec\/qemu-kvm$/.test(program))
    throw new FoundError('it does not begin with qemu-system-x86_64')
  const draft: Draft = {
    named: new Map(),
    devices: [],
    unknown: [],
    objects: new Map(),
    guest: undefined,
    accelerators: [],
  }
  for (let at = 1; at < words.length; ) at = readOption(draft, words, at)
  readGuest(draft)
  draft.named.set('accelerator', draft.accelerators.length === 0 ? 'tcg' : draft.accelerators.join(':'))
  return draft
}
