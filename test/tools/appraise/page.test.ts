// The page of a verdict in headless Chromium: at the width of a phone and of a desk, light and dark, nothing is wider than the
// window, and the page looks other in the dark. A machine without Chromium leaves this test out, and says so.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { suite } from '../../with/suite.ts'

const top = join(import.meta.dirname, '../../..')
const report = join(top, 'test/tables/appraise/snp-report/milan-b.bin')
const policy = join(top, 'examples/policy/any-measurement.json')
const chromium = '/usr/bin/chromium'

type Desk = { directory: string }
const test = suite<Desk>('page of a verdict')
test.before((desk) => {
  desk.directory = mkdtempSync(join(tmpdir(), 'cvmboot-page-'))
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

const appraise = (...args: string[]) =>
  spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(top, 'src/main.ts'), 'appraise', report, ...args],
    { encoding: 'utf8' },
  )

test('a file that cannot be written is refused', () => {
  assert.match(appraise('--policy', policy, '--html', '/no/such/page.html').stderr, /appraise-output/)
})

test('the page fits a phone and a desk, light and dark, without network', ({ directory }) => {
  const file = join(directory, 'page.html')
  const { status, stderr } = appraise('--policy', policy, '--html', file)
  assert.is(status, 0, stderr)
  if (!existsSync(chromium)) {
    process.stdout.write('no Chromium here: the page is not drawn\n')
    return
  }
  const chrome = (...args: string[]): string =>
    execFileSync(
      chromium,
      [
        ...[
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--hide-scrollbars',
          `--user-data-dir=${join(directory, 'profile')}`,
        ],
        ...[
          '--host-resolver-rules=MAP * ~NOTFOUND',
          '--allow-file-access-from-files',
          '--window-size=1400,900',
        ],
        ...args,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 },
    )
  const page = readFileSync(file, 'utf8')
  const measured = (scheme: 'light' | 'dark', width: number): string => {
    // Chromium follows the system's scheme, so the wrapper gives a frame its scheme, which the page in the frame takes over.
    const wrapper = join(directory, 'wrapper.html')
    writeFileSync(
      wrapper,
      `<html style="color-scheme: ${scheme}"><iframe src="page.html" style="width:${width}px;height:800px;border:0"></iframe><p id="out"></p><script>
onload = () => { const d = frames[0].document
out.textContent = [d.scrollingElement.scrollWidth, frames[0].getComputedStyle(d.body).backgroundColor].join(' ') }</script></html>`,
    )
    return /<p id="out">([^<]*)/.exec(chrome('--dump-dom', `file://${wrapper}`))?.[1] ?? ''
  }
  assert.match(page, /prefers-color-scheme: dark/)
  for (const width of [360, 1280]) {
    assert.is(measured('light', width), `${width} rgb(255, 255, 255)`)
    assert.is(measured('dark', width), `${width} rgb(13, 17, 23)`)
  }
})

test.run()
