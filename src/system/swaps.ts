// /proc/swaps, which lists the devices and files to which the kernel swaps: parse. Pure.

/** The names as the kernel writes them: a space in a name is `\040`. A kernel without swap has no such file, and no names. */
export const parseSwaps = (text: string | undefined): string[] =>
  (text ?? '')
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s/)[0] ?? '')
    .filter((name) => name !== '')
