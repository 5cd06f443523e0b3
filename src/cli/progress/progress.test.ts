import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import stringWidth from 'string-width'
import { Screen } from '../../../test/helpers/judges/screen.ts'
import { createProgress as create, type Terminal } from './index.ts'
import type { ProgressOptions } from './progress.ts'
import { barLine, clockText } from './wording.ts'

/** Bars are drawn until they are cleared, also where a test has failed. */
function createProgress(t: TestContext, options: ProgressOptions) {
  const progress = create(options)
  t.after(() => progress.clear())
  return progress
}

function terminal({ isTTY = true, columns = 80, rows = 24 } = {}) {
  const screen = new Screen(columns, rows)
  const stream: Terminal = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        // A terminal's driver puts the cursor at the beginning of the next line.
        screen.write(String(chunk).replaceAll('\n', '\r\n'))
        done()
      },
    }),
    { isTTY, columns, rows },
  )
  return { stream, screen }
}

test('a terminal sees the file, how much of it is done, and nothing of it afterwards', async (t) => {
  const { stream, screen } = terminal()
  const files = new Map([['/audio/talk.mp3', 1000]])
  const progress = createProgress(t, { stream, files, durationOf: async () => 90.4 })
  progress.show('/audio/talk.mp3', 0)
  assert.deepEqual(screen.rows, ['talk.mp3  0:00'])
  await setImmediate() // its length is known now
  progress.clear()
  assert.deepEqual(screen.rows, [])
  progress.show('/audio/talk.mp3', 45)
  assert.equal(screen.rows.length, 1)
  assert.match(screen.rows[0]!, /^talk\.mp3 █+░+ {2}49 % {2}0:45 of 1:30/)
  progress.finish('/audio/talk.mp3', 90.4)
  assert.deepEqual(screen.rows, [])
  stream.write('the text\n')
  progress.clear()
  assert.deepEqual(screen.rows, ['the text'])
})

test('of several files a terminal sees all together, then those that are worked on', (t) => {
  const { stream, screen } = terminal()
  const files = new Map([...'abcd'].map((file) => [file, 100]))
  const progress = createProgress(t, { stream, files, durationOf: async () => undefined })
  progress.finish('a')
  stream.write('a: failed\n')
  progress.show('b', 3)
  progress.show('c', 4)
  const [line, all, ...current] = screen.rows
  assert.equal(line, 'a: failed')
  assert.match(all!, /^1 of 4 files ░+ {3}0 %$/)
  assert.deepEqual(current, ['b  0:03', 'c  0:04'])
  progress.finish('b', 60)
  progress.show('c', 5)
  assert.match(screen.rows.join('\n'), /^a: failed\n2 of 4 files █+░+ {2}33 %\nc {2}0:05$/)
  progress.clear()
  assert.deepEqual(screen.rows, ['a: failed'])
})

test('more files at a time than the terminal has rows do not scroll away', (t) => {
  const { stream, screen } = terminal({ rows: 5 })
  const names = Array.from({ length: 20 }, (_, i) => `${i}.mp3`)
  const files = new Map(names.map((file) => [file, 100]))
  const progress = createProgress(t, { stream, files, durationOf: async () => undefined })
  for (const name of names) progress.show(name, 3)
  assert.deepEqual(screen.rows.slice(1), ['0.mp3  0:03', '1.mp3  0:03', '2.mp3  0:03'])
  progress.clear()
  assert.deepEqual(screen.rows, [])
})

test('a terminal sees the download in percent, and the steps after it by name', (t) => {
  const { stream, screen } = terminal()
  const progress = createProgress(t, { stream, files: new Map(), durationOf: async () => undefined })
  progress.loading({ stage: 'download', item: 'model.safetensors', fraction: 0.429 })
  assert.match(screen.rows.join(), /^downloading model\.safetensors █+░+ {2}42 %$/)
  progress.clear()
  progress.loading({ stage: 'compile', item: '', fraction: undefined })
  assert.deepEqual(screen.rows, ['compiling the model'])
  progress.loading(undefined)
  assert.deepEqual(screen.rows, [])
})

const current = { file: '', doneSeconds: 45, totalSeconds: 90 }

test('in a narrow terminal the bar gives way, and of the figures those that say least', () => {
  const figures = { current, timesRealTime: 6.3, remainingSeconds: 7 }
  for (const [columns, line] of [
    [82, 'assembleia … █████████░░░░░░░░░  50 %  0:45 of 1:30  6.3 × real time  0:07 left'],
    [62, 'assembleia … █████░░░░  50 %  0:45 of 1:30  6.3×  0:07 left'],
    [52, 'assembleia …  50 %  0:45 of 1:30  6.3×  0:07 left'],
    [42, 'assembleia de m…  50 %  6.3×  0:07 left'],
    [32, 'assembleia …  50 %  0:07 left'],
    [22, 'assembleia d…  50 %'],
  ] as const) {
    assert.equal(barLine('assembleia de maio.mp3', 0.5, figures, columns), line)
  }
})

test('no line is as wide as the terminal, whatever is in the name, and a name cannot steer it', () => {
  for (const name of [
    'talk.mp3',
    `\x1b[31m${'x'.repeat(200)}`,
    '日本語の録音.wav'.repeat(9),
    '👩‍👩‍👧🎙️'.repeat(30),
    'a\nb',
  ]) {
    for (const columns of [10, 20, 40, 80, 200]) {
      for (const fraction of [undefined, 0, 0.5, 1]) {
        const line = barLine(name, fraction, { current, timesRealTime: 6.3, remainingSeconds: 7 }, columns)
        assert.ok(stringWidth(line) < Math.max(columns, 1), `${stringWidth(line)} of ${columns}: ${line}`)
        assert.doesNotMatch(line, /\p{Cc}/u)
      }
    }
  }
})

test('times are read like those of a clock', () => {
  assert.deepEqual([0, 7.4, 65, 600, 3599.6, 36_610].map(clockText), [
    '0:00',
    '0:07',
    '1:05',
    '10:00',
    '1:00:00',
    '10:10:10',
  ])
})

test('what is no terminal gets a line only where something takes long', async (t) => {
  const { stream, screen } = terminal({ isTTY: false })
  let nowMs = 0
  const progress = createProgress(t, {
    stream,
    files: new Map([
      ['a\n.mp3', 100],
      ['b', 100],
    ]),
    durationOf: async () => 600,
    now: () => nowMs,
  })
  progress.loading({ stage: 'open', item: '', fraction: undefined })
  progress.show('a\n.mp3', 0)
  await setImmediate()
  nowMs = 29_000
  progress.show('a\n.mp3', 250)
  assert.deepEqual(screen.rows, [])
  nowMs = 30_000
  progress.show('a\n.mp3', 300)
  progress.show('a\n.mp3', 301)
  progress.clear()
  assert.deepEqual(screen.rows, ['paradox: a\\n.mp3: 5:00 of 10:00, 10 × real time, 1:30 left, 0 of 2 files done'])
})
