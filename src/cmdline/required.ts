// Words of other programs that protect the VM. `setup` emits them, and no boot goes on without them. Pure.

import { canonical } from './readings.ts'
import type { Word } from './split.ts'

export type Required = {
  readonly name: string
  /** The value that `setup` emits. */
  readonly value: string
  /** All values that mean the same to the reader of the word. */
  readonly same: RegExp
  /** What happens without the word. */
  readonly why: string
}

/** Values as systemd's parse_boolean() (`off`) and the kernel's kstrtobool() read them, in all versions from Debian 12 on. */
const off = /^(?:0|no|false|off)$/
const kernelOff = /^(?:0|n|off)$/
const kernelOn = /^(?:1|y|on)$/

export const requiredWords: readonly Required[] = [
  {
    name: 'systemd.import_credentials',
    value: 'no',
    same: off,
    why: "systemd takes credentials from SMBIOS and fw_cfg, which nobody has measured, and with them files and root's password",
  },
  {
    name: 'init_on_free',
    value: '1',
    same: kernelOn,
    why: 'memory keeps what it held after it is freed, and so does the memory of a file that was deleted from /tmp',
  },
  {
    name: 'random.trust_bootloader',
    value: 'off',
    same: kernelOff,
    why: "the kernel credits the seed that the host's boot loader hands it, and its random numbers are then the host's",
  },
  {
    name: 'systemd.gpt_auto',
    value: '0',
    same: off,
    why: 'systemd mounts partitions for their type, and the host can add one',
  },
  {
    name: 'systemd.swap',
    value: '0',
    same: off,
    why: 'systemd takes swap into use, where the host can read and replay memory',
  },
]

export const printRequired = ({ name, value }: Required): string => `${name}=${value}`

const isOf = (required: Required, word: Word): boolean => canonical(required.name) === canonical(word.name)

/** Whether a word is one of these, with a value that means what `setup` emits. */
export const isRequired = (word: Word): boolean =>
  requiredWords.some((one) => isOf(one, word) && one.same.test(word.value ?? ''))

/** The first required word that one of the readers does not find. The judge refuses a required word with another value. */
export const missingIn = (readings: readonly (readonly Word[])[]): Required | undefined =>
  requiredWords.find((one) =>
    readings.some((words) => !words.some((word) => isOf(one, word) && !word.forInit)),
  )
