// What ext4 does after an error in its own tables, and the file in which the kernel shows that choice. Pure.

/** The mount option with which ext4 takes no more writes after such an error. */
export const readOnlyOnError = 'errors=remount-ro'

/** The file that lists each option of a mounted ext4 on a line. mountinfo does not show the options of the superblock. */
export const ext4OptionsPath = (device: string): string =>
  `/proc/fs/ext4/${device.replace(/^\/dev\//, '')}/options`

/** `text` is the content of `ext4OptionsPath`; undefined where there is no such file. */
export const isReadOnlyOnError = (text: string | undefined): boolean =>
  text?.split('\n').includes(readOnlyOnError) === true
