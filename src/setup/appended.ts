// Words of `setup --append`. Pure.

import type { Pivot } from '../system/pivot.ts'

/** Words to append to the words that `setup` emits, and the kind of initramfs that will have to accept them. */
export type Appended = { readonly words: string; readonly pivot: Pivot }
