// A TCB version of SEV-SNP by its components, whose places differ by product line. Pure. AMD 56860, table TCB_VERSION.

export const products = ['Milan', 'Genoa', 'Turin'] as const
/** A product line of AMD: each has its own root and its own layout of a TCB version. */
export type Product = (typeof products)[number]

export const tcbComponents = ['fmc', 'bootLoader', 'tee', 'snp', 'microcode'] as const
export type TcbComponent = (typeof tcbComponents)[number]
/** Security version numbers from 0 to 255; `fmc` is 0 where the product has none. */
export type Tcb = Readonly<Record<TcbComponent, number>>

/** The byte of each component in the 64-bit number; the other bytes are reserved and zero. */
const places: Readonly<Record<Product, Partial<Readonly<Record<TcbComponent, number>>>>> = {
  Milan: { bootLoader: 0, tee: 1, snp: 6, microcode: 7 },
  Genoa: { bootLoader: 0, tee: 1, snp: 6, microcode: 7 },
  Turin: { fmc: 0, bootLoader: 1, tee: 2, snp: 3, microcode: 7 },
}

const byteOf = (tcb: bigint, place: number | undefined): number =>
  place === undefined ? 0 : Number((tcb >> BigInt(8 * place)) & 0xffn)

export const tcbOf = (product: Product, tcb: bigint): Tcb => {
  const at = places[product]
  return {
    fmc: byteOf(tcb, at.fmc),
    bootLoader: byteOf(tcb, at.bootLoader),
    tee: byteOf(tcb, at.tee),
    snp: byteOf(tcb, at.snp),
    microcode: byteOf(tcb, at.microcode),
  }
}

/** Whether a reserved byte of the number is not zero. */
export const hasReserved = (product: Product, tcb: bigint): boolean => {
  const known = Object.values(places[product])
  return [0, 1, 2, 3, 4, 5, 6, 7].some((place) => !known.includes(place) && byteOf(tcb, place) !== 0)
}

/** The components of `one` that are above those of `other`. */
export const above = (one: Tcb, other: Partial<Tcb>): TcbComponent[] =>
  tcbComponents.filter((name) => one[name] > (other[name] ?? 255))

/** The components of `one` that are below those of `least`; a component that `least` does not name is not judged. */
export const below = (one: Tcb, least: Partial<Tcb>): TcbComponent[] =>
  tcbComponents.filter((name) => one[name] < (least[name] ?? 0))

export const printComponents = (tcb: Tcb): string =>
  tcbComponents
    .filter((name) => name !== 'fmc' || tcb.fmc !== 0)
    .map((name) => `${name} ${tcb[name]}`)
    .join(', ')

/** By family and model of CPUID, as reports from version 3 on have them. */
export const productOf = ([family, model]: readonly [number, number, number]): Product | undefined => {
  if (family === 0x19 && model <= 0x0f) return 'Milan'
  if (family === 0x19 && ((model >= 0x10 && model <= 0x1f) || (model >= 0xa0 && model <= 0xaf)))
    return 'Genoa'
  return family === 0x1a && model <= 0x11 ? 'Turin' : undefined
}
