/** What can be known of the unit without systemd at work. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { skipped } from '../helpers/skip.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())
const unit = readFileSync(join(import.meta.dirname, '../../deploy/systemd/paradox-asr.service'), 'utf8')

test('the service alone gets SIGTERM, and has time to finish what runs', () => {
  assert.match(unit, /^KillMode=mixed$/m)
  const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])
  assert.ok(seconds * 1000 > readConfig({}).shutdownTimeoutMs + 5_000)
})

test('systemd understands every line', (t) => {
  const installed = folder.file('paradox-asr.service')
  writeFileSync(installed, unit.replace(/^ExecStart=.*/m, 'ExecStart=/bin/true')) // where the project is not
  const { error, status, stderr } = spawnSync('systemd-analyze', ['verify', installed], { encoding: 'utf8' })
  if (error) return t.skip(skipped('machine', 'needs systemd-analyze'))
  assert.equal(status, 0, stderr)
  assert.doesNotMatch(stderr, /paradox-asr\.service/)
})
