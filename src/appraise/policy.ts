// An owner's policy: the fields, and the strict default of each. Pure. The page docs/reference/policy.md has the same tables,
// and a test compares the page with this file.

import { type Product, products, type Tcb } from './tcb.ts'

/** `manifest`: only values that the manifest predicts. `any`: each value, for looking at evidence and nothing else. */
export type Measurement = 'manifest' | 'any'
/** `required`: the bit must be one. `forbidden`: the bit must be zero. `any`: nobody judges the bit. */
export type Bit = 'required' | 'forbidden' | 'any'
/** Lower-case hexadecimal digits of the values that are accepted; `zero` accepts zeroes alone. */
export type Values = 'zero' | 'any' | readonly string[]

export type SnpPolicy = {
  readonly products: readonly Product[]
  /** Which key may sign: one of the chip (`vcek`) or one that AMD gave a cloud (`vlek`). */
  readonly signers: readonly ('vcek' | 'vlek')[]
  readonly vmpl: number
  /** The least components of the launch, committed and reported TCB versions. A product that is absent is refused. */
  readonly leastTcb: Partial<Readonly<Record<Product, Partial<Tcb>>>>
  /** The least ABI version of the guest policy: major, minor. */
  readonly leastAbi: readonly [number, number]
  readonly revocation: 'required' | 'if-given'
  readonly debug: Bit
  readonly migration: Bit
  readonly smt: Bit
  readonly singleSocket: Bit
  readonly ciphertextHiding: Bit
  readonly pageSwapDisable: Bit
  /** SMT of the host, where `smt` is of the guest's policy. */
  readonly platformSmt: Bit
  /** Platform: the firmware checked for memory aliases (BadRAM). */
  readonly aliasCheck: Bit
  readonly tsme: Bit
  readonly leastGuestSvn: number
  readonly familyId: Values
  readonly imageId: Values
  readonly idKeyDigest: Values
  readonly authorKeyDigest: Values
  readonly hostData: Values
  readonly reportData: Values
}

export type TdxPolicy = {
  /** TCB statuses that are accepted, of the platform and the quoting enclave together. */
  readonly tcbStatuses: readonly string[]
  /** The least number of Intel's evaluation data set; 0 accepts each. */
  readonly leastEvaluation: number
  readonly debug: Bit
  readonly septVeDisable: Bit
  readonly migratable: Bit
  readonly perfmon: Bit
  readonly keyLocker: Bit
  readonly lass: Bit
  readonly protectionKeys: Bit
  /** XFAM bits that may be one, 16 hexadecimal digits. */
  readonly xfamMask: string
  readonly mrConfigId: Values
  readonly mrOwner: Values
  readonly mrOwnerConfig: Values
  /** The service TDs of the launch, of now, and the hash that joins them. */
  readonly mrServiceTd: Values
  /** The devices that the TD trusts. */
  readonly deviceInfo: Values
  readonly reportData: Values
}

export type TpmPolicy = {
  /** `required`: the evidence has to have a quote of a TPM. `ignored`: a quote is not judged. */
  readonly quote: 'required' | 'if-given' | 'ignored'
  /** Whether a quote of a TPM is enough, without a report or a quote of a TEE. */
  readonly alone: 'forbidden' | 'accepted'
  /** Names of attestation keys: 000b, then the SHA-256 of the public area. */
  readonly keys: readonly string[]
  /** Certificates, DER in base64, that issue the certificates of attestation keys. */
  readonly roots: readonly string[]
  readonly log: 'required' | 'if-given'
  /** The values that are accepted of a PCR, by its number. */
  readonly pcrs: Readonly<Record<string, readonly string[]>>
}

export type Policy = {
  readonly measurement: Measurement
  readonly snp: SnpPolicy
  readonly tdx: TdxPolicy
  readonly tpm: TpmPolicy
}

/** docs/reference/policy.md gives the reason of each default. */
export const strictPolicy: Policy = {
  measurement: 'manifest',
  snp: {
    products,
    signers: ['vcek'],
    vmpl: 0,
    leastTcb: {},
    leastAbi: [0, 0],
    revocation: 'required',
    debug: 'forbidden',
    migration: 'forbidden',
    smt: 'any',
    singleSocket: 'any',
    ciphertextHiding: 'any',
    pageSwapDisable: 'any',
    platformSmt: 'any',
    aliasCheck: 'any',
    tsme: 'any',
    leastGuestSvn: 0,
    familyId: 'zero',
    imageId: 'zero',
    idKeyDigest: 'zero',
    authorKeyDigest: 'zero',
    hostData: 'zero',
    reportData: 'any',
  },
  tdx: {
    tcbStatuses: ['UpToDate'],
    leastEvaluation: 0,
    debug: 'forbidden',
    septVeDisable: 'required',
    migratable: 'forbidden',
    perfmon: 'forbidden',
    keyLocker: 'forbidden',
    lass: 'any',
    protectionKeys: 'any',
    // x87, SSE, AVX, AVX-512, PKRU, CET and AMX: features whose state is the guest's own (Intel SDM volume 1, 13.1).
    xfamMask: '0000000000061ae7',
    mrConfigId: 'zero',
    mrOwner: 'zero',
    mrOwnerConfig: 'zero',
    mrServiceTd: 'zero',
    deviceInfo: 'zero',
    reportData: 'any',
  },
  tpm: {
    quote: 'if-given',
    alone: 'forbidden',
    keys: [],
    roots: [],
    log: 'required',
    pcrs: {},
  },
}
