// The questions of the probe to the stand-in for SEV-SNP, by name: the launch of the machine, and the question. The probe
// inside the guest and the test with the answers share them.

import { type DerivedKeyRequest, guestFields } from '../../../src/machine/sev-guest.ts'
import { counting } from '../../with/snp.ts'

export type Question =
  | { readonly kind: 'report' | 'extended' | 'configfs'; readonly vmpl?: number }
  | { readonly kind: 'key'; readonly request?: Partial<DerivedKeyRequest> }
  /** Whether the kernel refuses calls for lack of a key, asked without a call to the firmware. */
  | { readonly kind: 'channel' }
  /** A call as no verb of ours makes it, by its number and the size of its buffer for certificates. */
  | { readonly kind: 'raw'; readonly call: number; readonly version?: number; readonly certificates?: number }

export type Scenario = {
  readonly name: string
  /** Parameters of the module; those not named are as at power-on. */
  readonly launch?: Readonly<Record<string, string>>
  readonly question: Question
}

/** The launch of the probe's machine. */
export const powerOn = {
  measurement: counting(0x44, 48),
  host_data: counting(0x55, 32),
  guest_svn: '5',
  sign_key: counting(0x21, 48),
  chip_secret: 'c0'.repeat(64),
} as const

export const probeData = Buffer.from(counting(0x33, 64), 'hex')
export const tcb = 0xd415000000000104n

/** Unless a scenario says otherwise. */
export const usualKey: DerivedKeyRequest = {
  root: 'vcek',
  fields: guestFields.policy | guestFields.measurement | guestFields.tcb,
  vmpl: 0,
  guestSvn: 0,
  tcb,
}
const idBlock = { id_key_digest: counting(1, 48), image_id: counting(2, 16), family_id: counting(3, 16) }
const byIdBlock = { ...usualKey, fields: 0x37, guestSvn: 5 }

const key = (
  name: string,
  launch: Readonly<Record<string, string>> = {},
  request: Partial<DerivedKeyRequest> = {},
): Scenario => ({ name, launch, question: { kind: 'key', request } })

/** Each gets another key than all the others. */
export const differentKeys: readonly Scenario[] = [
  key('key'),
  key('key of another measurement', { measurement: counting(0x45, 48) }),
  key('key of another policy', { policy: '0x20000' }),
  key('key of another host data', { host_data: counting(0x56, 32) }),
  key('key of another chip', { chip_secret: 'c1'.repeat(64) }),
  key('key of another TCB', {}, { tcb: tcb - 1n }),
  key('key of another VMPL', {}, { vmpl: 1 }),
  key('key of the VLEK', { vlek_secret: '1e'.repeat(64) }, { root: 'vlek' }),
  key('key without measurement', {}, { fields: usualKey.fields & ~guestFields.measurement }),
  key('key without policy', {}, { fields: usualKey.fields & ~guestFields.policy }),
  key('key without TCB', {}, { fields: usualKey.fields & ~guestFields.tcb }),
  key('key of an ID block', idBlock, byIdBlock),
  key('key of another image', { ...idBlock, image_id: counting(9, 16) }, byIdBlock),
  key('key of another family', { ...idBlock, family_id: counting(9, 16) }, byIdBlock),
  key('key of another ID key', { ...idBlock, id_key_digest: counting(9, 48) }, byIdBlock),
  key('key of another author key', { ...idBlock, author_key_digest: counting(9, 48) }, byIdBlock),
  key('key of another SVN', idBlock, { ...byIdBlock, guestSvn: 4 }),
]

/** Each gets the key of another scenario. */
export const sameKeys: readonly (readonly [Scenario, string])[] = [
  [key('key again'), 'key'],
  [key('key with a newer TCB committed', { committed_tcb: `${tcb + 1n}`, launch_tcb: `${tcb + 1n}` }), 'key'],
  [key('key with a VLEK loaded', { vlek_secret: '1e'.repeat(64) }), 'key'],
  [
    key(
      'key without measurement, of another measurement',
      { measurement: counting(0x45, 48) },
      {
        fields: usualKey.fields & ~guestFields.measurement,
      },
    ),
    'key without measurement',
  ],
  [
    key(
      'key of an ID block, of another measurement',
      { ...idBlock, measurement: counting(0x45, 48) },
      byIdBlock,
    ),
    'key of an ID block',
  ],
]

export const reports: readonly Scenario[] = [
  { name: 'report', question: { kind: 'report' } },
  { name: 'report by configfs', question: { kind: 'configfs' } },
  { name: 'report with certificates', question: { kind: 'extended' } },
  { name: 'report without certificates', launch: { cert_pages: '0' }, question: { kind: 'extended' } },
  {
    name: 'report of another launch',
    launch: {
      ...idBlock,
      version: '5',
      policy: '0xa0000',
      host_data: '',
      guest_svn: '9',
      current_tcb: '3',
      committed_tcb: '2',
      launch_tcb: '1',
      reported_tcb: '0',
      author_key_digest: 'aa',
      vlek_secret: '1e',
      mask_chip_key: '1',
    },
    question: { kind: 'report', vmpl: 3 },
  },
]

/** What goes wrong, and the fault that comes of it. The last column is part of its words. */
export const failures: readonly (readonly [Scenario, string, string])[] = [
  [
    { name: 'report at a VMPL above ours', launch: { vmpl: '1' }, question: { kind: 'report' } },
    ...(['tee-status', 'status 22 (INVALID_PARAM)'] as const),
  ],
  [{ name: 'report at VMPL 4', question: { kind: 'report', vmpl: 4 } }, 'tee-status', 'status 22'],
  [
    { name: 'report with a status', launch: { report_status: '1' }, question: { kind: 'report' } },
    ...(['tee-status', 'get a report of the TEE: its firmware answers status 1'] as const),
  ],
  [
    { name: 'report of another size', launch: { report_size: '1183' }, question: { kind: 'report' } },
    ...(['tee-report', '1183 bytes, not 1184'] as const),
  ],
  [
    {
      name: 'report larger than its response',
      launch: { report_size: '3969' },
      question: { kind: 'report' },
    },
    ...(['tee-report', 'longer than the response'] as const),
  ],
  [
    { name: 'report of version 6', launch: { version: '6' }, question: { kind: 'report' } },
    ...(['tee-report', 'version is 6'] as const),
  ],
  [
    { name: 'report with a reserved byte', launch: { flip: '512' }, question: { kind: 'report' } },
    ...(['tee-report', 'must be zero'] as const),
  ],
  [
    { name: 'report after the channel is gone', launch: { vmpck: '0' }, question: { kind: 'report' } },
    ...(['tee-wiped', 'an earlier error of this launch: the device does not know this request;'] as const),
  ],
  [
    { name: 'report that times out', launch: { report_errno: '110' }, question: { kind: 'report' } },
    ...(['tee-timeout', 'connection timed out (the firmware was not reached)'] as const),
  ],
  [
    {
      name: 'report of a host that is busy',
      launch: { report_errno: '110', exitinfo2: `${2n << 32n}` },
      question: { kind: 'report' },
    },
    ...(['tee-timeout', 'connection timed out (firmware error 0, VMM error 2)'] as const),
  ],
  [
    { name: 'certificates that fail', launch: { ext_report_errno: '5' }, question: { kind: 'extended' } },
    ...(['tee-device', 'input or output error (the firmware was not reached)'] as const),
  ],
  [
    { name: 'certificates of 5 pages', launch: { cert_pages: '5' }, question: { kind: 'extended' } },
    ...(['tee-device', 'input or output error (firmware error 0, VMM error 1)'] as const),
  ],
  [
    { name: 'configfs that fails', launch: { ext_report_errno: '5' }, question: { kind: 'configfs' } },
    ...(['tee-device', 'input or output error'] as const),
  ],
  [
    { name: 'configfs with a status', launch: { report_status: '1' }, question: { kind: 'configfs' } },
    ...(['tee-device', 'no such device or address'] as const),
  ],
  [key('key that is zero', { zero_key: '1' }), 'tee-key-zero', 'all of it is zero'],
  [key('key with a status', { key_status: '1' }), 'tee-status', 'get a key of the TEE'],
  [key('key that cannot be decrypted', { key_errno: '74' }), 'tee-device', 'the message is damaged'],
  [
    key('key that the firmware refuses', { key_errno: '5', exitinfo2: '34' }),
    'tee-device',
    'firmware error 34',
  ],
  [key('key of a VLEK that is not loaded', {}, { root: 'vlek' }), 'tee-status', 'status 39 (INVALID_KEY)'],
  [key('key of a VMPL above ours', { vmpl: '1' }), 'tee-status', 'status 22'],
  [key('key of a TCB to come', {}, { tcb: tcb + 1n }), 'tee-status', 'status 22'],
  [
    key('key of a TCB with one component to come', {}, { tcb: 0x0115000000000105n }),
    ...(['tee-status', 'status 22'] as const),
  ],
  [key('key of a TCB not committed', { committed_tcb: `${tcb - 1n}` }), 'tee-status', 'status 22'],
  [key('key of an SVN above the ID block', {}, { guestSvn: 6 }), 'tee-status', 'status 22'],
]

/** Calls as no verb of ours makes them, with what a Linux 6.12 answers: errno, EXITINFO2, size of certificates. */
export const rawCalls: readonly (readonly [Scenario, string])[] = [
  [{ name: 'raw report', question: { kind: 'raw', call: 0 } }, 'done 0'],
  [{ name: 'raw message version 0', question: { kind: 'raw', call: 0, version: 0 } }, 'EINVAL 0'],
  [{ name: 'raw unknown call', question: { kind: 'raw', call: 7 } }, 'ENOTTY ff'],
  [{ name: 'raw half a page', question: { kind: 'raw', call: 2, certificates: 2048 } }, 'EINVAL ff 2048'],
  [{ name: 'raw five pages', question: { kind: 'raw', call: 2, certificates: 20480 } }, 'EINVAL ff 20480'],
  [{ name: 'raw no page', question: { kind: 'raw', call: 2, certificates: 0 } }, 'EIO 100000000 4096'],
  [{ name: 'raw one page', question: { kind: 'raw', call: 2, certificates: 4096 } }, 'done 0 4096'],
]

/** What is known of the channel, without a word to the firmware. */
export const channels: readonly (readonly [Scenario, string])[] = [
  [{ name: 'channel', question: { kind: 'channel' } }, 'false'],
  [
    { name: 'channel of a busy host', launch: { report_errno: '110' }, question: { kind: 'channel' } },
    'false',
  ],
  [{ name: 'channel that is gone', launch: { vmpck: '0' }, question: { kind: 'channel' } }, 'true'],
]

export const scenarios: readonly Scenario[] = [
  ...reports,
  ...differentKeys,
  ...[...sameKeys, ...failures, ...rawCalls, ...channels].map(([scenario]) => scenario),
]
