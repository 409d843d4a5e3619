// The processor that a PCK certificate describes, in Intel's SGX extension. Pure. Source: Intel "SGX PCK Certificate and CRL
// Profile Specification", section 1.3.5.

import type { Certificate } from './certificate.ts'
import { type Der, readDer, readInteger, readOid } from './der.ts'

export type Pck = {
  /** 6 and 2 bytes, lower-case hexadecimal digits. */
  readonly fmspc: string
  readonly pceId: string
  /** 16 security version numbers of SGX components, and the PCE's. */
  readonly sgx: readonly number[]
  readonly pce: number
}

const extension = '1.2.840.113741.1.13.1'

const elementOf = (sequence: Der | undefined, oid: string): Der | undefined => {
  const found = (sequence?.children ?? []).filter(
    ({ children: [id] }) => id?.tag === 6 && readOid(id.content) === oid,
  )
  return found.length === 1 ? found[0]?.children[1] : undefined
}

/** Undefined where the extension is absent or not whole. */
export const readPck = ({ extensions }: Certificate): Pck | undefined => {
  const content = extensions.get(extension)
  const all = content === undefined ? undefined : readDer(content)
  const tcb = elementOf(all, `${extension}.2`)
  const sgx = Array.from({ length: 16 }, (_, i) => readInteger(elementOf(tcb, `${extension}.2.${i + 1}`)))
  const known = sgx.filter((svn) => svn !== undefined)
  const pce = readInteger(elementOf(tcb, `${extension}.2.17`))
  const [pceId, fmspc] = [elementOf(all, `${extension}.3`), elementOf(all, `${extension}.4`)]
  if (known.length !== 16 || pce === undefined || pceId?.content.length !== 2 || fmspc?.content.length !== 6)
    return undefined
  return { fmspc: fmspc.content.toString('hex'), pceId: pceId.content.toString('hex'), sgx: known, pce }
}
