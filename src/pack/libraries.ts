// The shared libraries that a program needs, at the paths where the loader inside the initramfs will look for them.
// ld.so itself gives the answer; `ldd` is a shell script around it. With its cache, ld.so would answer for this machine, and
// with the directories for newer CPUs, for this CPU. The initramfs has neither.

import { messageOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { run } from '../machine/exec.ts'

/** PT_INTERP of every dynamic x86-64 program. All confidential VMs that cvmboot knows are x86-64. */
const loader = '/lib64/ld-linux-x86-64.so.2'
const asInside = ['--inhibit-cache', '--glibc-hwcaps-mask', 'none', '--list']

/** Where ld.so looks without configuration: Debian's directories and those of other distributions. */
const searched = /^(?:\/usr)?\/(?:lib|lib64|lib\/x86_64-linux-gnu)\/[^/]+$/

/** The absolute paths of the libraries. Fault: `pack-input`. */
export const librariesOf = async (program: string): Promise<string[]> => {
  const text = await run(loader, [...asInside, program], { package: 'libc6' }).catch((thrown) => {
    const reason = messageOf(thrown)
    throw fail('pack-input', { path: program, reason: `it is no dynamic x86-64 program (${reason})` })
  })
  return parseLibraries(text, program)
}

/** Reads what `ld.so --list` prints about `program`. Fault: `pack-input`. */
export const parseLibraries = (text: string, program: string): string[] => {
  const bad = (reason: string) => fail('pack-input', { path: program, reason })
  return text.split('\n').flatMap((line) => {
    if (line === '' || /^\tlinux-vdso\.so\.1 \(0x[0-9a-f]+\)$/.test(line)) return []
    const [, name, path = ''] = /^\t(?:(\S+) => )?(not found|\/\S+ (?=\(0x[0-9a-f]+\)$))/.exec(line) ?? []
    const found = path.trim()
    if (found === 'not found') throw bad(`it needs ${name}, which is not here`)
    if (found === '') throw bad(`ld.so says of it: ${line.trim()}`)
    // The program names a directory of its own (RPATH, $ORIGIN), which the initramfs may lack.
    if (!searched.test(found))
      throw bad(`it finds ${name} as ${found}, where the initramfs would not have it`)
    return [found]
  })
}
