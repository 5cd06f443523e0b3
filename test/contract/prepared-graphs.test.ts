/** What the runtime saves for this machine, on tiny random checkpoints: the same results, from mapped weights. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { type CompileOptions, DECODER_FILE, ENCODER_FILE } from '../../src/compiler/index.ts'
import { openCpuBackend } from '../../src/inference/index.ts'
import { compilePrepared, compileUnprepared } from '../../src/models/compiled/compile-graphs.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-prepared-'))
after(() => rmSync(root, { recursive: true, force: true }))

const session = { device: 'cpu', threads: 2 } as const
const FORMATS: readonly CompileOptions[] = [
  { encoderFormat: 'float32', decoderFormat: 'float32' },
  { encoderFormat: 'smoothed8', decoderFormat: 'blocks8' },
  { encoderFormat: 'blocks8', decoderFormat: 'float32' },
]

for (const options of FORMATS) {
  const name = `${options.encoderFormat}-${options.decoderFormat}`
  test(`prepared graphs answer to the last bit what the compiler's answer (${name})`, async () => {
    writeRandomCheckpoint(join(root, name), tinyShape({ dModel: 64, encoderFfnDim: 128, decoderFfnDim: 128 }))
    using checkpoint = await openCheckpoint(join(root, name))
    const [neutral, prepared] = [join(root, `${name}-neutral`), join(root, `${name}-prepared`)]
    mkdirSync(neutral)
    mkdirSync(prepared)
    const fractions: number[] = []
    const answer = await compileUnprepared(checkpoint, neutral, { options, session, onProgress: () => {} })
    const settings = { options, session, onProgress: (fraction: number) => fractions.push(fraction) }
    const fingerprint = await compilePrepared(checkpoint, prepared, settings)

    await using asCompiled = await openCpuBackend(checkpoint, neutral, session)
    assert.equal(answer, fingerprint)
    assert.equal(await asCompiled.fingerprint(), fingerprint)
    for (const threads of [1, 3]) {
      await using asPrepared = await openCpuBackend(checkpoint, prepared, { ...session, threads })
      assert.equal(await asPrepared.fingerprint(), fingerprint, `${threads} threads`)
    }

    assert.deepEqual(
      fractions,
      [...fractions].sort((a, b) => a - b),
      'progress never goes back',
    )
    assert.equal(fractions.at(-1), 1)
    const packed = offsetsOfPacked(join(prepared, DECODER_FILE))
    assert.ok(packed.length > 4 && packed.every((offset) => offset % 64 === 0))
    assert.deepEqual(offsetsOfPacked(join(prepared, ENCODER_FILE)), [], 'the encoder runs its weights as they are')
  })
}

/** Where the packed forms lie in the file of weights: the graph names them as `prepacked_0 … |offset;length;checksum`. */
function offsetsOfPacked(graph: string): number[] {
  const text = readFileSync(graph, 'latin1')
  return Array.from(text.matchAll(/prepacked_\d+[^|]*\|(\d+);/g), ([, offset]) => Number(offset))
}
