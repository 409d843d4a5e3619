// require-cvm: the guest kernel says that it runs under SEV-SNP or TDX. The check catches honest mistakes and proves nothing:
// a host can imitate both, but then has no measurement that an owner would accept.

import type { Definition } from './step.ts'

export type RequireCvm = { readonly kind: 'require-cvm' }

export const requireCvm: Definition<RequireCvm> = {
  print: () => 'require-cvm sev-snp or tdx',
  subject: () => '',
  run: (_, boot) => {
    boot.cvm = boot.edition.admit(boot.machine)
    return { kind: 'require-cvm', cvm: boot.cvm }
  },
}
