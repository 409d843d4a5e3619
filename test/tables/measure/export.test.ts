// A manifest in the formats of others. test/tools/measure/go.test.ts has another implementation decode the CoRIM.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Cbor, printCbor } from '../../../src/measure/cbor.ts'
import { printCorim, printRego, printRvps, referenceValues } from '../../../src/measure/export.ts'
import { exampleManifest } from './example.ts'

/** RFC 8949, appendix A, as far as a CoRIM needs it. */
const examples: readonly (readonly [Cbor, string])[] = [
  [{ uint: 0 }, '00'],
  [{ uint: 23 }, '17'],
  [{ uint: 24 }, '1818'],
  [{ uint: 1000 }, '1903e8'],
  [{ uint: 1_000_000 }, '1a000f4240'],
  [{ uint: 1_000_000_000_000 }, '1b000000e8d4a51000'],
  [{ bytes: Buffer.from('01020304', 'hex') }, '4401020304'],
  [{ text: 'IETF' }, '6449455446'],
  [{ text: '\u6c34' }, '63e6b0b4'],
  [{ array: [{ uint: 1 }, { array: [{ uint: 2 }] }] }, '82018102'],
  [
    {
      map: [
        [{ uint: 1 }, { uint: 2 }],
        [{ uint: 3 }, { uint: 4 }],
      ],
    },
    'a201020304',
  ],
  [{ tag: 32, of: { text: 'a' } }, 'd8206161'],
]

test('CBOR is that of the examples in RFC 8949', () => {
  for (const [value, hex] of examples) assert.is(printCbor(value).toString('hex'), hex)
})

test('keys of a map are in the order of their bytes, whatever the order they were given in', () => {
  const pairs: readonly (readonly [Cbor, Cbor])[] = [
    [{ text: 'b' }, { uint: 1 }],
    [{ uint: 100 }, { uint: 2 }],
    [{ text: 'aa' }, { uint: 3 }],
    [{ uint: 9 }, { uint: 4 }],
  ]
  assert.is(printCbor({ map: pairs }).toString('hex'), 'a409041864026162016261 6103'.replace(' ', ''))
  assert.equal(printCbor({ map: pairs.toReversed() }), printCbor({ map: pairs }))
})

test('the message for the reference-value service holds each value once, by the names that its policy asks for', () => {
  const message = JSON.parse(printRvps(exampleManifest))
  assert.equal(Object.keys(message), ['version', 'type', 'payload'])
  assert.equal([message.version, message.type], ['0.1.0', 'sample'])
  const values = JSON.parse(Buffer.from(message.payload, 'base64').toString())
  assert.equal(values, referenceValues(exampleManifest))
  assert.equal(
    values.snp_launch_measurement,
    exampleManifest.snp.map(({ digest }) => digest),
  )
  assert.equal(Object.keys(values), ['snp_launch_measurement', 'mr_td', 'rtmr_1', 'rtmr_2'])
  const without = { ...exampleManifest, tdx: { mrtd: [], rtmr1: [], rtmr2: [] } }
  assert.equal(Object.keys(referenceValues(without)), ['snp_launch_measurement'])
})

test('the policy has a rule for what the manifest has, and refuses debugging', () => {
  const rego = printRego(exampleManifest)
  assert.match(rego, /^package policy\n\nimport rego\.v1\n/)
  assert.match(rego, /default executables := 33/)
  for (const { digest } of exampleManifest.snp) assert.ok(rego.includes(`\t"${digest}",\n`))
  assert.match(rego, /input\.snp\.policy_debug_allowed == false/)
  assert.match(rego, /input\.tdx\.quote\.body\.rtmr_1 in cvmboot_rtmr_1/)
  assert.not.match(printRego({ ...exampleManifest, snp: [] }), /input\.snp/)
})

test('the CoRIM is tag 501 with a CoMID in tag 506, and holds each digest', () => {
  const corim = printCorim(exampleManifest).toString('hex')
  assert.ok(corim.startsWith('d901f5a2'))
  assert.ok(corim.includes('d901fa'))
  for (const { digest } of exampleManifest.snp) assert.ok(corim.includes(`82075830${digest}`))
  for (const { value } of exampleManifest.tpm.pcr12) assert.ok(corim.includes(`82015820${value}`))
})

test.run()
