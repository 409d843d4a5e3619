// GUID partition table: type GUIDs, alignment, print / parse (UEFI 2.10, chapter 5). Pure.
// At boot the table is a hint for finding; nothing in it is believed (design: the hash or the key decides).

export type GptPartition = {
  /** 1 to 128: the kernel's partition number. */
  readonly number: number
  /** Lower-case GUIDs. */
  readonly type: string
  readonly uuid: string
  /** At most 36 UTF-16 code units. */
  readonly name: string
  /** Logical blocks, both inclusive. */
  readonly first: bigint
  readonly last: bigint
}

export type Gpt = {
  readonly uuid: string
  /** Bytes per logical block: 512 or 4096. */
  readonly blockSize: number
  /** Logical blocks of the whole disk. */
  readonly blocks: bigint
  readonly partitions: readonly GptPartition[]
}
