// Recorded answers of swtpm 0.7.1, while a secret was sealed to PCRs 4, 9, 11 and 12, and unsealed; PCR 11 was then extended.
// The bytes are the same each time, for tests without a TPM.

import type { CommandName, Shape } from '../../src/machine/tpm/command.ts'
import { readAll } from '../../src/machine/tpm/wire.ts'

/** The commands of that conversation. */
type Recorded = Exclude<CommandName, 'Quote'>

const answers: Readonly<Record<Recorded, string>> = {
  CreatePrimary:
    '80020000013a000000008000000000000123005a0023000b0003047200000006008000430010000300100020de8f4607' +
    'd47dcbbef6eea4e50feb93b1af0ff3607e9a8d07a8a3f03ab1a1cb08002084771a944cc16a7697e074466d591c9839dc' +
    '610353d56e5ec296770f2c8f37a60037000000000020e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495' +
    '991b7852b855010010000440000001000440000001000000205da041bac0ee3135aebb0cadfba497c6a1877fae832dd3' +
    'd1f8f7a871b825e8548021400000010040c4d51d0d52a23ee5e4c0b56887a9538a76c60abb90f6415f21b9da56971b4b' +
    '23935466c2021449d937061b400dcc4e24ef0c2484520afa1839c6054787852de70022000b8946ab5ab0a26fc1e13ae2' +
    'a8cdf8f0e1ac84a884457d32f5646b037d022c47d50000010000',
  PCR_Read:
    '80020000008700000000000000340000001500000001000b030008000000000100205c85955f709283ecce2b74f1b155' +
    '2918819f390911816e7bb466805a38ab87f30020c3ba7c061f5b834301d8c28ef8ec1b7a6edf967a7f53568d102a3f32' +
    '690fa284800020a0d26d17084956fbdbefd8f6260774ac559882ea0916ce34545a07e3c3c9ab76',
  StartAuthSession:
    '8001000000300000000003000000002040fb9d8dfa55c5905437dd0a106877e6cf7a570f4457e63a86698efd4fd773f9',
  Create:
    '80020000022800000000000001d5009e0020555d1179805ac74d98429ba7ae57ae5433bb14ad3e4f9b9ce95e0faf2e17' +
    '25420010758510612ba89a6ac92b12abc835c62e05fc9fab9d67bd91677708562aba7330d1ea0e9d7f34d7b0a64f5490' +
    '5f33f03540d26a9ed1101cac4492f4e633b6bbfa414b0b503859d1e7ae34134ac889213ce45cc2ac2c74a0c62b14e6b9' +
    '2bd2d83f335d7b1868f2a611e4fe9bb50cc8cfe519fa68d607bc2c16c801004e0008000b000004120020ecdce1acaa76' +
    'a2d14bea840131d255c87ca97c068426615bd3f86246bcf05f1a001000208513ee2500a3f6dd64e646dd5c1fbb4dd4cd' +
    '3b00192dde0ed87d81ff00b82ef8007900000001000b03101a00002038723a2e5e8a17aa7950dc008209944e898f69a7' +
    'bd10a23c839d341e935fd5ca01000b0022000b8946ab5ab0a26fc1e13ae2a8cdf8f0e1ac84a884457d32f5646b037d02' +
    '2c47d50022000b969c041658ff41f9bb76130be8e4d4ab8da4569aefa3b0df4010184f6060bddb0000002051d064187b' +
    '64523da0abec848889fb202e91ec2ea2d9af641af8f97d559b4c328021400000010040c7f29adccc968dcb84125ecb35' +
    'a94714dcd44533081fa5387113fccb7a3d58482f1fe59b53d11b1a3331d55c2f71951de8c52757b1e2fb3b395c9b30d7' +
    '5e9a910020438e7f557231f406cd8aa9f0a13a6bb3e8da57c7652b8451b929947a95f969922000202c0d1df1a8aec4e7' +
    '80ce6a8e47e13134d87744199809ac7fb2f6292e459e180c',
  FlushContext: '80010000000a00000000',
  Load:
    '80020000007b0000000080000001000000240022000b2cb72892d6c57f381ab60fbe726d0eb0d0dd21af55cec1f98b20' +
    'fe8ccf1898c60020bfc72b71af3940d87869538cbbe8872ec1403d1a6e0cc015fe595f79c6036333010020bfa9e3acfd' +
    '73738d95ec98e243c420d8c2fbb1ac241ca6249d306beaeec25720',
  CertifyCreation:
    '8002000000c40000000000000071006dff544347801a00044000000700000000000000000068293d7f72e79aa51a0156' +
    '2f1efc2adf67e30022000b2cb72892d6c57f381ab60fbe726d0eb0d0dd21af55cec1f98b20fe8ccf1898c6002051d064' +
    '187b64523da0abec848889fb202e91ec2ea2d9af641af8f97d559b4c3200100020c873efbd7717e039903255aee37eff' +
    'bc1b9bfedf2a216f2542e85d5b830c297f000020fa0357a0e691e2a6c5f3a0b92f091324e9218db952baa005e843cd4d' +
    'ebebd5e2',
  PolicyPCR: '80010000000a00000000',
  Unseal:
    '80020000007500000000000000220020cc446893753312a8d5c1a094e9554be424eb45d9dceac909a9a56237980f700f' +
    '0020f1bbeb81dc4ed2435e903922b7bb136b7061d791f45a476add48a9759a32786340002041307879556946137dc291' +
    '14a5b0ed6aa6dbba5e5688ff4edd3ceecda170ea49',
  PCR_Extend:
    '80020000005300000000000000000020df2684609cc6e85409d61da3bc69523da077040de698efb287dda0ed7b15338c' +
    '01002065f192c7258747200c0c261a8a35cff7670f40f541cd01d4d3a9d52c3b7813fe',
}

const shapes: Readonly<Record<Recorded, Shape>> = {
  CreatePrimary: { handles: 1, sessions: 1 },
  CertifyCreation: { handles: 0, sessions: 1 },
  Create: { handles: 0, sessions: 1 },
  Load: { handles: 1, sessions: 1 },
  Unseal: { handles: 0, sessions: 1 },
  FlushContext: { handles: 0, sessions: 0 },
  StartAuthSession: { handles: 1, sessions: 0 },
  PCR_Read: { handles: 0, sessions: 1 },
  PolicyPCR: { handles: 0, sessions: 0 },
  PCR_Extend: { handles: 0, sessions: 1 },
}

const bytesOf = (name: Recorded): Buffer => Buffer.from(answers[name], 'hex')

/** Fields of a response, found without our parser of it. */
const fieldsOf = (name: Recorded, from: number, count: number): readonly Buffer[] => {
  const fields = readAll(bytesOf(name).subarray(from), (rest) => {
    const found = Array.from({ length: count }, () => rest.sized(4096))
    rest.rest()
    return found
  })
  if (fields === undefined) throw new Error(`${name} was not recorded whole`)
  return fields
}

const none = Buffer.alloc(0)
const [srk = none] = fieldsOf('CreatePrimary', 18, 1)
const [, sealed = none, creation = none, hash = none] = fieldsOf('Create', 14, 4)
const afterHash = bytesOf('Create').indexOf(hash) + hash.length

export const recorded = {
  srk: { publicArea: srk, name: bytesOf('CreatePrimary').subarray(-39, -5) },
  sealed: {
    publicArea: sealed,
    creation,
    // Behind the selection of the PCRs, and its own length.
    pcrDigest: creation.subarray(12, 44),
    ticket: bytesOf('Create').subarray(afterHash, afterHash + 72),
  },
  responses: (Object.keys(answers) as Recorded[]).map((name) => ({
    name,
    bytes: bytesOf(name),
    shape: shapes[name],
  })),
} as const
