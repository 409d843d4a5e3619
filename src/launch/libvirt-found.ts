// Reads a domain of libvirt as somebody wrote it. Elements are a list: an element that is not on it has an unknown effect. Pure.

import { type FactName, type Found, FoundError, oneNumber, oneSwitch } from './facts.ts'
import { tdxPolicy } from './libvirt.ts'
import { parseXml, type Tree } from './xml.ts'

type Draft = {
  readonly named: Map<FactName, string>
  readonly devices: string[]
  readonly unknown: string[]
}

/** Elements of a domain that no measurement depends on. */
const ignored = new Set(
  `name uuid genid title description metadata currentMemory memoryBacking memtune iothreads cputune blkiotune numatune
   resource on_poweroff on_reboot on_crash pm clock seclabel`.split(/\s+/),
)
const ignoredFeatures = new Set(['acpi', 'apic', 'ioapic', 'pae', 'vmport'])
/** Devices that put no code or data into the memory of the VM before it starts. */
const devices = new Set(
  `emulator disk controller interface serial console channel memballoon rng vsock input graphics video audio watchdog hostdev
   panic filesystem`.split(/\s+/),
)

/** The unit of libvirt's sizes, in bytes. */
const units: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1000,
  k: 1024,
  KiB: 1024,
  MB: 1000 ** 2,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  GB: 1000 ** 3,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
  TB: 1000 ** 4,
  T: 1024 ** 4,
  TiB: 1024 ** 4,
}

const sizeOf = ({ text, attributes }: Tree): string => {
  const bytes = Number(text.trim()) * (units[attributes.get('unit') ?? 'KiB'] ?? Number.NaN)
  return Number.isFinite(bytes) ? `${bytes / 1024 ** 2} MiB` : text
}

const flat = (tree: Tree): string => {
  const attributes = [...tree.attributes].map(([name, value]) => ` ${name}='${value}'`).join('')
  const inside = [tree.text.trim(), ...tree.children.map(flat)].join('')
  return inside === ''
    ? `<${tree.name}${attributes}/>`
    : `<${tree.name}${attributes}>${inside}</${tree.name}>`
}

/** libvirt takes each of these elements once. */
const requireOnce = (children: readonly Tree[], once: (name: string) => boolean): void => {
  const names = children.map(({ name }) => name).filter(once)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new FoundError(`it has two elements <${twice.slice(0, 40)}>`)
}

const readOs = ({ named, unknown }: Draft, os: Tree): void => {
  requireOnce(os.children, (name) => name !== 'boot')
  for (const one of os.children) {
    const file = ({ loader: 'firmware', kernel: 'kernel', initrd: 'initramfs', cmdline: 'cmdline' } as const)[
      one.name
    ]
    if (one.name === 'type') named.set('machine', one.attributes.get('machine') ?? '')
    else if (one.name === 'loader' && (one.attributes.get('type') ?? 'rom') !== 'rom') unknown.push(flat(one))
    else if (file !== undefined) named.set(file, one.text)
    else if (one.name !== 'boot' && one.name !== 'bootmenu') unknown.push(flat(one))
  }
  if (os.attributes.size > 0) unknown.push(flat({ ...os, children: [] }))
}

const processorOf = (cpu: Tree): string => {
  const mode = cpu.attributes.get('mode') ?? 'custom'
  if (mode === 'host-passthrough') return 'host'
  if (mode === 'maximum') return 'max'
  const model = cpu.children.find(({ name }) => name === 'model')?.text.trim() ?? ''
  return mode === 'custom' ? model : mode
}

const snpFacts: Readonly<Record<string, FactName>> = {
  policy: 'policy',
  idBlock: 'idBlock',
  idAuth: 'idAuth',
  hostData: 'hostData',
}
const tdxFacts: Readonly<Record<string, FactName>> = {
  mrConfigId: 'hostData',
  mrOwner: 'mrOwner',
  mrOwnerConfig: 'mrOwnerConfig',
}
const ignoredSecurity = /^(?:cbitpos|reducedPhysBits|quoteGenerationService)$/

const readSecurity = ({ named, unknown }: Draft, security: Tree): void => {
  requireOnce(security.children, () => true)
  const type = security.attributes.get('type')
  const tee = type === 'sev-snp' ? 'snp' : type === 'tdx' ? 'tdx' : 'none'
  named.set('tee', tee)
  const known = tee === 'snp' ? snpFacts : tdxFacts
  for (const [name, value] of security.attributes) {
    const fact = ({ kernelHashes: 'kernelHashes', authorKey: 'authorKey' } as const)[name]
    if (fact !== undefined) named.set(fact, oneSwitch(value) === 'on' ? 'on' : '')
    else if (name !== 'type') unknown.push(`<launchSecurity ${name}='${value}'>`)
  }
  for (const one of security.children) {
    const fact = Object.hasOwn(known, one.name) ? known[one.name] : undefined
    const text = one.text.trim()
    if (fact !== undefined) named.set(fact, fact === 'policy' ? oneNumber(text) : text)
    else if (tee === 'tdx' && one.name === 'policy')
      named.set('attributes', oneNumber(text) === tdxPolicy ? '' : oneNumber(text))
    else if (!ignoredSecurity.test(one.name)) unknown.push(flat(one))
  }
}

const readers: Readonly<Record<string, (draft: Draft, tree: Tree) => void>> = {
  memory: ({ named }, tree) => named.set('memory', sizeOf(tree)),
  vcpu: ({ named }, { text, attributes }) => named.set('vcpus', attributes.get('current') ?? text.trim()),
  os: readOs,
  cpu: ({ named }, tree) => named.set('vcpuType', processorOf(tree)),
  launchSecurity: readSecurity,
  features: ({ unknown }, { children }) =>
    unknown.push(...children.filter(({ name }) => !ignoredFeatures.has(name)).map(flat)),
  devices: (draft, { children }) => {
    for (const one of children) (devices.has(one.name) ? draft.devices : draft.unknown).push(flat(one))
  },
}

/** Throws `FoundError`. */
export const readLibvirt = (xml: string): Found => {
  const domain = parseXml(xml)
  if (domain.name !== 'domain')
    throw new FoundError(`its root is <${domain.name.slice(0, 40)}> and not <domain>`)
  const draft: Draft = { named: new Map(), devices: [], unknown: [] }
  draft.named.set('tee', 'none')
  draft.named.set('accelerator', domain.attributes.get('type') ?? '')
  requireOnce(domain.children, (name) => Object.hasOwn(readers, name))
  for (const one of domain.children) {
    const reader = Object.hasOwn(readers, one.name) ? readers[one.name] : undefined
    if (reader !== undefined) reader(draft, one)
    else if (!ignored.has(one.name)) draft.unknown.push(flat(one))
  }
  return draft
}
