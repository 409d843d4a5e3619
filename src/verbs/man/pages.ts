// The manual pages, made from the tables that the parsers themselves read. So the boot treats a key, a parameter or a refusal
// as the page says.

import { builtInWords } from '../../cmdline/builtin.ts'
import { forbiddenNames } from '../../cmdline/forbidden.ts'
import { parameters } from '../../cmdline/params.ts'
import { printRequired, requiredWords } from '../../cmdline/required.ts'
import { configKeys } from '../../config/keys.ts'
import { defaultConfig } from '../../config/settings.ts'
import { describeFault, faultCodes } from '../../fault/index.ts'
import { bootedConfigPath, statePath } from '../../proof/state.ts'
import { verbs } from '../index.ts'
import { heading, type Page, paragraph, tagged, verbatim } from './roff.ts'
import { verbSections } from './verbs.ts'

const program = (version: string): Page => {
  const refusals = faultCodes.map((code) => describeFault(code, (detail) => `<${detail}>`))
  return {
    name: 'cvmboot',
    section: 8,
    about: 'verified early boot for confidential VMs',
    version,
    body: [
      heading('SYNOPSIS'),
      verbatim('cvmboot VERB [OPTIONS]\ncvmboot VERB --help\ncvmboot --version'),
      heading('DESCRIPTION'),
      paragraph(
        'As /init of a confidential VM, cvmboot reads root hashes from the measured kernel command line. It opens the verified volumes root-fs, oem-launcher and os-config, and opens workspace and job-store with keys that never leave the VM. It mounts memory on /tmp, refuses swap and starts the init of the verified root. Every failure halts the boot, and no failure opens a shell. The other verbs of cvmboot make the disk and the initramfs, and inspect them.',
      ),
      heading('VERBS'),
      ...verbSections(verbs),
      heading('DIAGNOSTICS'),
      paragraph(
        'A verb that fails prints one line, <code>: cannot ..., and exits with the status that is listed here. A boot that fails prints the same line after "cvmboot: halt: ". Then it powers off, reboots or halts as cvmboot.on-failure says.',
      ),
      ...refusals.map(({ code, exit, says }) => tagged(`${code} (${exit})`, says)),
      heading('FILES'),
      tagged(statePath, 'the volumes and mounts of this boot, with their tables, and the time of each step'),
      tagged(bootedConfigPath, 'the configuration that the boot read, for status and verify'),
      tagged('partition.conf', 'the configuration that pack puts into the initramfs'),
    ],
    seeAlso: ['partition.conf(5)', 'cvmboot-cmdline(7)', 'veritysetup(8)', 'cryptsetup(8)'],
  }
}

const configuration = (version: string): Page => ({
  name: 'partition.conf',
  section: 5,
  about: 'configuration of cvmboot',
  version,
  body: [
    heading('DESCRIPTION'),
    paragraph(
      'Each line holds one assignment KEY=VALUE; # begins a comment. A value with spaces stands in quotes. cvmboot reads the file and never runs it. cvmboot refuses text that only a shell would act on, a key that is not listed here, and a key that stands twice. pack puts the configuration into the initramfs, so that the launch measures the two together.',
    ),
    heading('KEYS'),
    ...configKeys.map(({ key, aliases, expected, print }) => {
      const value = print(defaultConfig)
      const also = aliases.length === 0 ? '' : ` Also read as ${aliases.join(', ')}.`
      return tagged(key, `Takes ${expected}.${value === '' ? '' : ` Default: ${value}.`}${also}`)
    }),
  ],
  seeAlso: ['cvmboot(8)', 'cvmboot-cmdline(7)'],
})

const commandLine = (version: string): Page => ({
  name: 'cvmboot-cmdline',
  section: 7,
  about: 'kernel parameters of cvmboot',
  version,
  body: [
    heading('DESCRIPTION'),
    paragraph(
      'cvmboot setup prints these parameters. The launch measures the kernel command line, so that a changed word changes the measurement. A parameter that stands twice halts the boot. So does an unknown parameter that begins with cvmboot., and so does a value other than those below.',
    ),
    heading('PARAMETERS'),
    ...parameters.map(({ name, takes, absent }) => tagged(name, `Takes ${takes}. Absent: ${absent}.`)),
    heading('REQUIRED WORDS'),
    ...requiredWords.map((one) => tagged(printRequired(one), `Without it ${one.why}.`)),
    heading('OTHER WORDS'),
    paragraph(
      'Every other word halts the boot, unless it is one of the words below or stands in CMDLINE_WORDS of partition.conf(5).',
    ),
    ...builtInWords.map(({ name, values, takes, where, why }) => {
      const also = where === 'framework' ? ' Only in an initramfs of dracut or initramfs-tools.' : ''
      const value = values === undefined ? 'Takes no value' : `Takes ${takes.replaceAll('`', '')}`
      return tagged(name, `${value}: ${why}.${also}`)
    }),
    heading('WORDS THAT NO LIST CAN ALLOW'),
    paragraph(
      'These words open a shell, print memory, start other programs or bring in swap, in one distribution or another:',
    ),
    paragraph(`${forbiddenNames.join(', ')}.`),
  ],
  seeAlso: ['cvmboot(8)', 'partition.conf(5)', 'kernel-command-line(7)'],
})

/** All manual pages, for one version of the project. */
export const manPages = (version: string): readonly Page[] => [
  program(version),
  configuration(version),
  commandLine(version),
]
