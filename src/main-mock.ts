// The mock executable, for trials without a TEE: boots anywhere, with a key everyone knows.

import { cli } from './cli.ts'
import { mock, mockLasting } from './keys/mock.ts'

await cli(process.argv.slice(2), {
  name: 'cvmboot-mock',
  admit: (cvm) => cvm ?? 'mock',
  providers: { ephemeral: mock, snp: mockLasting },
  warning:
    'MOCK BUILD: no confidential VM is required and the encryption key is public. Never use it for real data.',
})
