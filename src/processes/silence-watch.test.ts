import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, mock, test } from 'node:test'
import { isRunning } from '../../test/helpers/judges/process-tree.ts'
import { until } from '../../test/helpers/until.ts'
import { readStat, STAT } from './process-stat.ts'
import { type Patience, SilenceWatch } from './silence-watch.ts'

const patience: Patience = { tickMs: 1_000, idleTicks: 3, busyTicks: 10 }
/** One that does nothing, and one that computes without end. */
const sleeping = spawn('sleep', ['600'])
const computing = spawn(process.execPath, ['-e', 'for (;;);'])
after(() => {
  for (const child of [sleeping, computing]) child.kill('SIGKILL')
})

/** A watch whose time passes by `tick`. */
function watchOf(pid: number) {
  const asked: string[] = []
  const silent: number[] = []
  const watch = new SilenceWatch({ pid, patience, ask: () => asked.push('alive?'), onSilent: (s) => silent.push(s) })
  return { watch, asked, silent }
}

/** Lets a process compute for at least a tick of its clock. */
async function compute(pid: number): Promise<void> {
  const before = readStat(pid, STAT.userTicks)![0]!
  await until(() => readStat(pid, STAT.userTicks)![0]! > before)
}

test('one that does nothing has less patience than one that computes', async (t) => {
  await until(() => isRunning(sleeping.pid!) && isRunning(computing.pid!))
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const idle = watchOf(sleeping.pid!)
  const busy = watchOf(computing.pid!)
  for (let i = 0; i < 10; i++) {
    await compute(computing.pid!)
    mock.timers.tick(1_000)
  }
  assert.deepEqual(idle.silent, [4]) // the first look only begins to count its work
  assert.deepEqual(busy.silent, [])
  await compute(computing.pid!)
  mock.timers.tick(1_000)
  assert.deepEqual(busy.silent, [10])
  assert.deepEqual([idle.asked.length, busy.asked.length], [1, 1])
})

test('an answer is followed by the next question, and whatever is said is a sign of life', (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const { watch, asked, silent } = watchOf(sleeping.pid!)
  for (let i = 0; i < 20; i++) {
    mock.timers.tick(2_000)
    if (i % 2 === 0) watch.answered()
    else watch.heard()
  }
  assert.deepEqual(silent, [])
  assert.ok(asked.length >= 10)
  assert.equal(watch.isSuspicious, false)
  mock.timers.tick(2_000)
  assert.equal(watch.isSuspicious, true)
  watch[Symbol.dispose]()
  mock.timers.tick(60_000)
  assert.deepEqual(silent, [])
})
