// /proc/swaps: the devices and files that the kernel swaps to. Parse only. Pure.

/** Names as the kernel writes them, a space in a name as `\040`. None where a kernel without swap has no such file. */
export const parseSwaps = (text: string | undefined): string[] =>
  (text ?? '')
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s/)[0] ?? '')
    .filter((name) => name !== '')
