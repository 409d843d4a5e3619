// The verb `install`: its options and words.

import { configOr, dryRun, executable, root } from './table/shared.ts'
import { verb } from './table/verb.ts'

export const install = verb({
  about: "put the running VM's half into a root, and cvmboot into its initramfs generator",
  text: [
    'Puts cvmboot into the root file system of a confidential VM, and not into the machine that makes this root. The root gets the executable, the libraries that the executable needs and the root lacks, the units that verify, clean up and start the launcher, manual pages and completions.',
    'An initramfs generator of that root gets the files by which the generator builds cvmboot into every initramfs. Such a system boots from verified volumes, or not at all.',
    'Prints each change, and records the change for cvmboot uninstall. A second run changes nothing, and a newer cvmboot replaces the files of an older one. Files that others made or changed stay.',
  ],
  options: {
    root,
    generator: {
      kind: 'choice',
      words: ['dracut', 'initramfs-tools', 'none'],
      need: { otherwise: 'every generator that the root has' },
      help: 'The initramfs generator that gets the files. none: cvmboot pack makes the initramfs.',
    },
    config: configOr('an example with the built-in configuration'),
    executable,
    mock: {
      kind: 'flag',
      help: 'Install the mock build, which boots anywhere, with a key that everyone knows.',
    },
    'dry-run': dryRun,
  },
  words: {},
  notes: ['The generator reads the configuration from /etc/cvmboot/partition.conf of the root.'],
  run: async (given, edition) => {
    const { install } = await import('../install/install.ts')
    const { helpFiles } = await import('./made.ts')
    const { root, generator, config, executable } = given
    await install({
      root,
      generator,
      config,
      executable,
      edition,
      mock: given.mock ? 'wanted' : 'not wanted',
      dry: given['dry-run'] ? 'dry' : 'wet',
      help: helpFiles(),
    })
  },
})
