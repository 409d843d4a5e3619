// A system that answers with texts: the texts of real machines, or a change of them.

import type { Mapping, System } from '../../src/runtime/system.ts'

export type Recorded = {
  readonly kernel: string
  /** By path. Directories follow from the paths, and from `directories`. */
  readonly texts: Readonly<Record<string, string>>
  readonly directories?: Readonly<Record<string, readonly string[]>>
  readonly bytes?: Readonly<Record<string, bigint>>
  readonly spaces?: Readonly<Record<string, { readonly bytes: bigint; readonly used: bigint }>>
  readonly tools?: readonly string[]
  readonly mappings?: Readonly<Record<string, Mapping>>
  readonly kernelLog?: readonly string[]
  readonly teeRefuses?: boolean
  /** By device: what it holds at the beginning. */
  readonly heads?: Readonly<Record<string, Buffer>>
}

export const systemOf = (recorded: Recorded): System => ({
  kernel: () => recorded.kernel,
  text: (path) => recorded.texts[path],
  names: (path) =>
    recorded.directories?.[path] ?? [
      ...new Set(
        Object.keys(recorded.texts).flatMap((file) =>
          file.startsWith(`${path}/`) ? [file.slice(path.length + 1).split('/')[0] ?? ''] : [],
        ),
      ),
    ],
  bytes: (path) => recorded.bytes?.[path],
  space: (path) => recorded.spaces?.[path],
  hasTool: (name) => recorded.tools?.includes(name) ?? false,
  mapping: (name) => recorded.mappings?.[name],
  kernelLog: () => recorded.kernelLog ?? [],
  teeRefuses: () => recorded.teeRefuses ?? false,
  read: (device, offset, length) => {
    const head = recorded.heads?.[device]
    return head === undefined ? undefined : head.subarray(Number(offset), Number(offset) + length)
  },
})
