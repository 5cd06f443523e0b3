import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DownloadProgress, ProgressMeter } from './progress.ts'

test('progress covers the whole set, never falls, and is reported about a hundred times however small the chunks', () => {
  const reports: DownloadProgress[] = []
  const meter = new ProgressMeter(1_000_500, (progress) => reports.push(progress))
  meter.finish('config.json', 500)
  for (let bytes = 0; bytes <= 1_000_000; bytes += 10) meter.update('model.bin', bytes)
  meter.finish('model.bin', 1_000_000)

  assert.deepEqual(reports[0], { file: 'config.json', doneBytes: 500, totalBytes: 1_000_500 })
  assert.deepEqual(reports.at(-1), { file: 'model.bin', doneBytes: 1_000_500, totalBytes: 1_000_500 })
  assert.ok(reports.length >= 90 && reports.length <= 105, `${reports.length} reports`)
  assert.ok(reports.every(({ doneBytes }, i) => i === 0 || doneBytes >= reports[i - 1]!.doneBytes))
})
