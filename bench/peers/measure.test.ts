/** The comparison with drivers of a few lines, in real processes, some of which die or hang. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { children, descendants, isRunning } from '../../test/helpers/judges/process-tree.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { until } from '../../test/helpers/until.ts'
import type { Clip } from '../speech-set.ts'
import { measureRows, type Systems } from './measure.ts'
import { comparisonTables } from './report.ts'
import type { PeerRow } from './rows.ts'
import { startDriver } from './system.ts'

/** What a driver does with its n-th line, the first of which is its job. */
const DRIVERS = {
  good: '',
  'dies while it loads': "if (n === 1) process.kill(process.pid, 'SIGILL')",
  'dies in a clip': 'if (n === 4) process.exit(3)',
  // It has started a program of its own, and neither of them listens.
  hangs: `if (n === 4) {
    process.on('SIGTERM', () => {})
    const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)"
    require('node:child_process').spawn(process.execPath, ['-e', deaf])
    continue
  }`,
}

const driver = (does: string) => `
  let n = 0
  const lines = require('node:readline').createInterface({ input: process.stdin })
  void (async () => {
    for await (const line of lines) {
      n++
      ${does}
      console.log(JSON.stringify(n === 1 ? { version: '1', loadSeconds: 0.5 } : { text: 'one two', seconds: 0.25 }))
    }
    ${does.includes('SIGTERM') ? 'setInterval(() => {}, 1e6)' : ''}
  })()
`

const CLIPS: readonly Clip[] = ['a', 'b'].map((id) => {
  return { id, path: `${id}.wav`, seconds: 2, language: 'en', text: 'one two', group: 'short' }
})
const ABOUT = {
  ...{ commit: '', date: '', machine: { cpu: 'some', cores: 2, node: 'v24' } },
  ...{ threads: 2, model: 'base', isWhole: false },
}

/** Each row's driver by the row's name; the limit of every answer is the one that is given. */
function systems(t: TestContext, limit: AbortSignal): Systems {
  const folder = tempFolder(t)
  for (const [name, does] of Object.entries(DRIVERS)) writeFileSync(join(folder, `${name}.cjs`), driver(does))
  return {
    prepare: async () => {},
    start: (row) =>
      startDriver([process.execPath, join(folder, `${String((row as PeerRow).settings.name)}.cjs`)], {
        ...{ job: {}, beamSize: 1, limit: () => limit },
        grace: async () => {}, // who has been asked has had its time
      }),
  }
}

const ROWS: Readonly<Record<string, PeerRow>> = Object.fromEntries(
  Object.keys(DRIVERS).map((name) => [
    name,
    { system: 'whisper.cpp', format: 'ggml-f16', beamSize: 1, settings: { name }, isUsual: true },
  ]),
)

test('rows whose driver dies or hangs say so, the others go on, and no process is left', async (t) => {
  const limit = new AbortController()
  const measuring = measureRows(ROWS, CLIPS, systems(t, limit.signal))
  await until(() => children(process.pid).some((pid) => children(pid).length > 0)) // it hangs
  const pids = descendants(process.pid)
  limit.abort()
  const runs = await measuring
  assert.deepEqual(
    runs.map((run) => ('failure' in run ? run.failure : run.answers.map(({ id, text }) => `${id}: ${text}`))),
    [['a: one two', 'b: one two'], 'ended by SIGILL', 'ended by exit code 3', 'did not answer in time'],
  )
  await until(() => !pids.some(isRunning))

  const tables = comparisonTables({ ...ABOUT, runs }, CLIPS)
  assert.match(tables, /^\| good \| 0\.5 \| 0\.25 \|.* 0\.50 \|/m)
  assert.match(tables, /^\| dies while it loads \| failed: ended by SIGILL \|( {2}\|){10}$/m)
  assert.match(tables, /^\| hangs \| failed: did not answer in time \|/m)
})

test('where every row fails the comparison says so', async (t) => {
  const dies = { 'dies while it loads': ROWS['dies while it loads']! }
  const runs = await measureRows(dies, CLIPS, systems(t, new AbortController().signal))
  assert.match(comparisonTables({ ...ABOUT, runs }, CLIPS), /^dies while it loads failed: ended by SIGILL$/m)
})

for (const [how, does, code] of [
  ['Ctrl-C', 'setInterval(() => {}, 1e6)', 130],
  ['an error that nobody catches', "setImmediate(() => { throw new Error('ours') })", 1],
] as const) {
  test(`after ${how} nothing is left of what was started`, async (t) => {
    const folder = tempFolder(t)
    writeFileSync(join(folder, 'hangs.cjs'), driver(DRIVERS.hangs.replace('n === 4', 'n === 1')))
    const module = pathToFileURL(join(import.meta.dirname, 'process-group.ts')).href
    writeFileSync(
      join(folder, 'bench.ts'),
      `import { ProcessGroup } from '${module}'
      const group = await ProcessGroup.start(process.execPath, ['${join(folder, 'hangs.cjs')}'], { isAsked: true })
      group.input.write('{}\\n')
      process.stdin.once('data', () => { ${does} })
      console.log(group.pid)`,
    )
    const bench = spawn(process.execPath, [join(folder, 'bench.ts')], { stdio: ['pipe', 'pipe', 'pipe'] })
    const exited = once(bench, 'exit')
    const said = text(bench.stderr)
    const [line] = (await once(bench.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    await until(() => children(pid).length > 0)
    const pids = [pid, ...children(pid)]
    bench.stdin.write('go\n')
    if (code === 130) bench.kill('SIGINT')
    assert.deepEqual(await exited, [code, null], await said)
    await until(() => pids.every((id) => !isRunning(id)))
  })
}
