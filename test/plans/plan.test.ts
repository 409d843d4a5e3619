// Ring 2: printed plans, compared with the files in test/golden. UPDATE_GOLDEN=1 writes them anew.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseConfig } from '../../src/config/config.ts'
import { printBech32 } from '../../src/layout/bech32.ts'
import { readCmdlineOption } from '../../src/machine/cmdline-file.ts'
import { type Pivot, planBoot } from '../../src/plan/plan.ts'
import { printPlan, printPlanJson } from '../../src/plan/show.ts'
import { screenOf } from '../../src/terminal/screen.ts'
import { goodCmdline } from '../fake/machine.ts'
import { parseParams } from '../with/params.ts'

const golden = (name: string, text: string): void => {
  const file = join(import.meta.dirname, '../golden', name)
  if (process.env['UPDATE_GOLDEN'] === '1' || !existsSync(file)) writeFileSync(file, text)
  assert.is(text, readFileSync(file, 'utf8'), `differs from ${file}`)
}

const plan = (config: string, more = '', pivot: Pivot = 'own') =>
  planBoot(parseParams(`${goodCmdline} ${more}`), parseConfig(config), pivot)

const everything = `
ROOT_MOUNT=/mnt/flare
JOBSTORE_ENCRYPTION=none
CONFIG_OVER_ETC=hostname
OVERLAYS="/etc /var"
OVERLAY_SIZE=256M
VERITY_ON_CORRUPTION=restart
TMPFS_MODE=700
INIT=/usr/lib/systemd/systemd
`

test('the plan of the defaults is the golden one', () => golden('plan-default.txt', printPlan(plan(''))))

test('the plan of every choice taken the other way is the golden one', () =>
  golden(
    'plan-everything.txt',
    printPlan(
      plan(everything, 'cvmboot.salt.os-config=- cvmboot.device-timeout=5 cvmboot.on-failure=reboot'),
    ),
  ))

test('within a framework the plan is the same but for its last step', () => {
  const [own, hooked] = [plan(''), plan('', '', 'framework')]
  assert.equal(hooked.slice(0, -1), own.slice(0, -1))
  assert.equal(hooked.at(-1), { kind: 'hand-over', init: '/sbin/init' })
})

const lasting = `
WORKSPACE_KEY=snp
JOBSTORE_KEY=snp
JOBSTORE_BIND=id-block
JOBSTORE_BLANK=halt
`

test('volumes that last are the golden one', () => golden('plan-lasting.txt', printPlan(plan(lasting))))

const owner = printBech32('age', Buffer.alloc(32, 9)).toString('latin1')

test('a job-store with an owner is the golden one', () =>
  golden('plan-owner.txt', printPlan(plan(`JOBSTORE_KEY=snp\nJOBSTORE_OWNER=${owner}\n`))))

test('volumes with integrity, and a least TCB, are the golden one', () =>
  golden(
    'plan-integrity.txt',
    printPlan(
      plan(
        'WORKSPACE_INTEGRITY=hmac-sha256\nJOBSTORE_KEY=snp\nTEE_MIN_TCB=d315000000000003\nJOBSTORE_INTEGRITY=hmac-sha256\n',
      ),
    ),
  ))

test('volumes with a TPM are the golden one', () => {
  const srk = `000b${'5a'.repeat(32)}`
  const config = `WORKSPACE_KEY=tpm2\nTPM_TRUST=inside\nTPM_SRK=${srk}\nTPM_PCRS="7 11"\nJOBSTORE_KEY=snp+tpm2\n`
  golden('plan-tpm.txt', printPlan(plan(config)))
})

test('a TEE that is left for reports is the golden one', () =>
  golden('plan-tee-report.txt', printPlan(plan('TEE_AFTER_BOOT=report'))))

test('a volume to be provisioned is the golden one', () =>
  golden(
    'plan-provision.txt',
    printPlan(plan(`${lasting}TEE_AFTER_BOOT=keep`, 'cvmboot.provision=job-store')),
  ))

test('os-config over a read-only /etc is the golden one', () =>
  golden('plan-etc-read-only.txt', printPlan(plan('CONFIG_OVER_ETC=hostname'))))

test('as JSON the plan is the steps themselves', () => {
  const steps = JSON.parse(printPlanJson(plan('')))
  assert.equal(
    steps.map((step: { kind: string }) => step.kind),
    plan('').map((step) => step.kind),
  )
  assert.is(steps.find((step: { kind: string }) => step.kind === 'open-verity').blocks, '1000')
})

const dir = mkdtempSync(join(tmpdir(), 'cvmboot-plan-'))
test.after(() => rmSync(dir, { recursive: true }))
const main = join(import.meta.dirname, '../../src/main.ts')
const node = [process.execPath, '--disable-warning=ExperimentalWarning'] as const
const run = (...args: string[]) => spawnSync(node[0], [node[1], main, 'plan', ...args], { encoding: 'utf8' })

test('cvmboot plan prints the plan and exits 0', () => {
  const config = join(dir, 'partition.conf')
  writeFileSync(config, everything)
  const { stdout, status } = run('--cmdline', goodCmdline, '--config', config)
  assert.is(status, 0)
  assert.is(stdout, printPlan(plan(everything)))
  assert.is(run('--cmdline', goodCmdline, '--json').stdout, printPlanJson(plan('')))
  writeFileSync(config, 'CMDLINE_WORDS="nosmt"\n')
  const line = `${goodCmdline} nosmt root=UUID=1 ro`
  assert.match(run('--cmdline', line, '--config', config, '--hook').stdout, /hand-over \/sbin\/init\n$/)
})

test('what the boot would refuse is refused with the same code, and its exit status', () => {
  const config = join(dir, 'bad.conf')
  writeFileSync(config, 'ROOT_FS_SIZE=1G\nNO_SUCH=1\n')
  const table: [string[], string, number][] = [
    [['--cmdline', ''], 'cmdline-missing', 10],
    [['--cmdline', `${goodCmdline} cvmboot.x`], 'cmdline-unknown', 10],
    [['--cmdline', `${goodCmdline} nosmt`], 'cmdline-forbidden', 10],
    [['--cmdline', `${goodCmdline} LD_PRELOAD=/x`], 'environment-hostile', 12],
    [['--cmdline', `${goodCmdline} ro`], 'cmdline-forbidden', 10],
    [['--cmdline', goodCmdline, '--config', config], 'config-unknown', 11],
    [['--cmdline', goodCmdline, '--config', join(dir, 'none')], 'config-missing', 11],
    [['--cmdline', goodCmdline, '--config', dir], 'config-missing', 11],
    [[], 'usage', 2],
    [['--nonsense'], 'usage', 2],
  ]
  for (const [args, code, expected] of table) {
    const { stdout, stderr, status } = run(...args)
    assert.is(stdout, '')
    assert.ok(stderr.startsWith(`cvmboot: ${code}: cannot `), stderr)
    assert.is(status, expected)
  }
})

test('the command line may lie in a file, and what nobody sees in it is named', () => {
  const file = join(dir, 'cmdline')
  writeFileSync(file, `${goodCmdline}\n`)
  assert.is(run('--cmdline', `@${file}`).stdout, printPlan(plan('')))
  for (const [content, says] of [
    [
      `${goodCmdline}\r\n`,
      new RegExp(
        `cmdline-text: cannot use ${file} .*line 1, column ${goodCmdline.length + 1}: the line ends with CR LF.*sed`,
      ),
    ],
    [`\ufeff${goodCmdline}\n`, /line 1, column 1: a byte order mark/],
    [Buffer.from(`\ufeff${goodCmdline}\n`, 'utf16le'), /the text is UTF-16.*iconv/],
    [`${goodCmdline}\u00a0quiet\n`, /no-break space \(U\+00A0\); type a plain space/],
    [`quiet\u200b ${goodCmdline}\n`, /line 1, column 6: a zero-width space/],
    [`quiet\t${goodCmdline}\n`, /line 1, column 6: a tab/],
    [`${goodCmdline}\n\nquiet\n`, /line 3, column 1: a second line; put all words on one line/],
    [`${goodCmdline} x=\u201cy\u201d`, /quotation mark \(U\+201C\); type "/],
  ] as const) {
    writeFileSync(file, content)
    assert.throws(() => readCmdlineOption(`@${file}`), says)
  }
  assert.match(
    run('--cmdline', `${goodCmdline}\r`).stderr,
    /cmdline-text: cannot use the text after --cmdline/,
  )
  assert.throws(
    () => readCmdlineOption('@/no/such'),
    /cmdline-file: .* in \/no\/such: there is no such file or directory/,
  )
})

test('a plan wraps at the width of the terminal', () => {
  const steps = plan('')
  const narrow = printPlan(steps, screenOf({ isTTY: true, columns: 60 }, { NO_COLOR: '1' }))
  for (const line of narrow.split('\n')) assert.ok(line.length <= 60 || /[0-9a-f]{64}|\//.test(line), line)
  assert.is(narrow.replace(/\n {4}/g, ' '), printPlan(steps))
})

test.run()
