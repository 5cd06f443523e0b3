import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSileroWeights, sileroPath } from './silero-weights.ts'

test('the model is the one that our measurements were made with: Silero VAD 6', () => {
  const digest = createHash('sha256').update(readFileSync(sileroPath())).digest('hex')
  assert.equal(digest, '1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3')
})

test('the weights are those of the branch for 16 kHz', () => {
  const { fourier, encoder, output, lstm } = readSileroWeights()
  assert.deepEqual(fourier.shape, [258, 1, 256]) // the branch for 8 kHz has half of each
  assert.deepEqual(
    encoder.map(({ stride }) => stride),
    [1, 2, 2, 1],
  )
  assert.equal(output.bias?.length, 1)
  assert.equal(lstm.stateWeight.length, 4 * 128 * 128)
  // The first cosine is that of 0 Hz, so it is the window itself, a Hann window: no byte is shifted.
  for (let n = 0; n < 256; n++) {
    assert.ok(Math.abs(fourier.weight[n]! - (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 256))) < 1e-6)
  }
})

test('another model is refused with what is missing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-test-'))
  try {
    const older = sileroPath().replace('v6', 'legacy')
    assert.throws(() => readSileroWeights(older), /not built as version 6 is/)
    const cut = join(folder, 'cut.onnx')
    writeFileSync(cut, readFileSync(sileroPath()).subarray(0, 1_000_000))
    assert.throws(() => readSileroWeights(cut), /ends within a field/)
    writeFileSync(cut, '')
    assert.throws(() => readSileroWeights(cut), /there is no graph/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
