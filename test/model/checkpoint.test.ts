/** The checkpoint reader on real weights. */

import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Tokenizer } from '@huggingface/tokenizers'
import { type Checkpoint, openCheckpoint, whisperTensors } from '../../src/checkpoint/index.ts'
import { readTokenizer } from '../../src/checkpoint/tokenizer-files.ts'
import { baseFolder, distilShapeBaseFolder, liteWhisperBaseFolder, tinyEnFolder } from '../helpers/data/real-models.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

const base = baseFolder()
const tinyEn = tinyEnFolder()
const lite = await liteWhisperBaseFolder()
const distil = await distilShapeBaseFolder()

test('Whisper base has the shape and the 72 593 920 parameters that its authors state', {
  skip: base.skip,
}, async () => {
  using checkpoint = await openCheckpoint(base.folder)
  const { nMels, dModel, encoderLayers, encoderHeads, decoderLayers, decoderHeads, vocabSize } = checkpoint.config
  assert.deepEqual([nMels, dModel, encoderLayers, encoderHeads], [80, 512, 6, 8])
  assert.deepEqual([decoderLayers, decoderHeads, vocabSize], [6, 8, 51865])
  let parameters = 0
  for (const { name } of whisperTensors(checkpoint.config)) {
    const values = checkpoint.tensors.read(name)
    assert.ok(values.every(Number.isFinite), name)
    parameters += values.length
  }
  assert.equal(parameters, 72_593_920)
  assert.equal(checkpoint.tensors.has('proj_out.weight'), false)
})

test("the encoder's positions are the sinusoids of the paper", { skip: base.skip }, async () => {
  using checkpoint = await openCheckpoint(base.folder)
  const D = checkpoint.config.dModel
  const positions = checkpoint.tensors.read('encoder.embed_positions.weight') // [1500 × D]
  for (const [t, i] of [
    [0, 0],
    [7, 3],
    [1499, 255],
  ] as const) {
    const angle = t * Math.exp((-Math.log(10000) / (D / 2 - 1)) * i)
    assert.ok(Math.abs(positions[t * D + i]! - Math.sin(angle)) < 1e-3, `sin at ${t}, ${i}`)
    assert.ok(Math.abs(positions[t * D + D / 2 + i]! - Math.cos(angle)) < 1e-3, `cos at ${t}, ${i}`)
  }
})

describe('the LiteASR encoder', { skip: base.skip || lite.skip }, () => {
  test('its dense layers, made from Hugging Face names, equal those of CTranslate2', async () => {
    using dense = await openCheckpoint(base.folder)
    using lowRank = await openCheckpoint(lite.folder)
    let compared = 0
    for (const name of lowRank.tensors.names()) {
      if (!name.startsWith('encoder.') || !dense.tensors.has(name)) continue
      const isLowRankBias = name.endsWith('.bias') && lowRank.tensors.has(name.replace(/bias$/, 'weight1'))
      if (isLowRankBias) continue // the approximation moves part of the output into the bias
      assert.deepEqual(lowRank.tensors.read(name), dense.tensors.read(name), name)
      compared++
    }
    // Matrices of self-attention, the fused ones split, and of the feed-forward are among them.
    for (const name of ['layers.2.self_attn.v_proj', 'layers.5.self_attn.k_proj', 'layers.3.fc2', 'layers.4.fc1']) {
      assert.ok(lowRank.tensors.has(`encoder.${name}.weight`), name)
    }
    assert.equal(compared, 62)
  })

  test('a low-rank layer approximates the dense one', async () => {
    using dense = await openCheckpoint(base.folder)
    using lowRank = await openCheckpoint(lite.folder)
    assert.deepEqual(lowRank.config.lowRank[5], { q_proj: 160 })
    const at = 'encoder.layers.5.self_attn.q_proj'
    const weight = dense.tensors.read(`${at}.weight`) // [out × in]
    const weight1 = lowRank.tensors.read(`${at}.weight1`) // [in × R]
    const weight2 = lowRank.tensors.read(`${at}.weight2`) // [R × out]
    const [D, R] = [512, 160]
    let [dot, squareOfDense, squareOfProduct] = [0, 0, 0]
    for (let row = 0; row < D; row += 16) {
      for (let column = 0; column < D; column += 16) {
        let value = 0
        for (let r = 0; r < R; r++) value += weight1[column * R + r]! * weight2[r * D + row]!
        const exact = weight[row * D + column]!
        dot += value * exact
        squareOfDense += exact * exact
        squareOfProduct += value * value
      }
    }
    const cosine = dot / Math.sqrt(squareOfDense * squareOfProduct)
    assert.ok(cosine > 0.5, `cosine of the two matrices is ${cosine}`)
  })
})

test('a distilled shape keeps base layers and drops the alignment heads of layers that are gone', {
  skip: distil.skip,
}, async () => {
  using teacher = await openCheckpoint(base.folder)
  using student = await openCheckpoint(distil.folder)
  assert.equal(student.config.decoderLayers, 2)
  assert.equal(student.generation.alignmentHeads, undefined)
  const suffix = 'encoder_attn.v_proj.weight'
  assert.deepEqual(
    student.tensors.read(`decoder.layers.1.${suffix}`),
    teacher.tensors.read(`decoder.layers.5.${suffix}`),
  )
})

test('the tokenizer of base encodes and decodes text and agrees with the special ids', {
  skip: base.skip,
}, async () => {
  using checkpoint = await openCheckpoint(base.folder)
  const encode = encoderOf(checkpoint)
  // openai/whisper:whisper/tokenizer.py with the multilingual vocabulary gives these.
  assert.deepEqual(encode(' the'), [264])
  assert.deepEqual(encode(' to them'), [281, 552])
  const { eot, sot, transcribe, noSpeech, noTimestamps, timestampBegin, languageIds } = checkpoint.generation
  assert.deepEqual(encode('<|endoftext|><|startoftranscript|><|pt|><|transcribe|><|notimestamps|><|0.00|>'), [
    eot,
    sot,
    languageIds.get('pt'),
    transcribe,
    noTimestamps,
    timestampBegin,
  ])
  assert.deepEqual(encode('<|nocaptions|><|30.00|>'), [noSpeech, 51864])
  assert.deepEqual(
    [...languageIds.values()],
    Array.from({ length: 99 }, (_, i) => 50259 + i),
  )
})

test('accents survive encoding and decoding', { skip: base.skip || tinyEn.skip }, async () => {
  for (const folder of [base.folder, tinyEn.folder]) {
    using checkpoint = await openCheckpoint(folder)
    const library = new Tokenizer(checkpoint.tokenizer.tokenizer, checkpoint.tokenizer.config)
    const text = ' A ação não é só um café à tarde: pão, avô, pingüim.'
    assert.equal(library.decode(encoderOf(checkpoint)(text)), text)
  }
})

test('the English-only model has its own ids', { skip: tinyEn.skip }, async () => {
  using checkpoint = await openCheckpoint(tinyEn.folder)
  const { isMultilingual, eot, sot, noTimestamps, languageIds, suppressTokens } = checkpoint.generation
  assert.deepEqual([isMultilingual, eot, sot, noTimestamps, languageIds.size], [false, 50256, 50257, 50362, 0])
  assert.ok(suppressTokens.includes(50257) && !suppressTokens.includes(50256))
  assert.deepEqual(
    encoderOf(checkpoint)(' the<|startoftranscript|><|notimestamps|><|0.00|>'),
    [262, 50257, 50362, 50363],
  )
})

test('the standard suppress lists are those that the real files name', {
  skip: base.skip || tinyEn.skip,
}, async (t) => {
  for (const model of [base, tinyEn]) {
    const bare = tempFolder(t)
    for (const name of ['model.bin', 'tokenizer.json']) copyFileSync(join(model.folder, name), join(bare, name))
    using named = await openCheckpoint(model.folder)
    using standard = await openCheckpoint(bare) // its config.json is missing
    assert.deepEqual(standard.generation.suppressTokens, named.generation.suppressTokens)
    assert.deepEqual(standard.generation.beginSuppressTokens, named.generation.beginSuppressTokens)
  }
})

test('the merges found again from the vocabulary alone are the real ones', {
  skip: base.skip || tinyEn.skip,
}, async (t) => {
  for (const { folder, vocabSize } of [
    { folder: base.folder, vocabSize: 51865 },
    { folder: tinyEn.folder, vocabSize: 51864 },
  ]) {
    const bare = tempFolder(t)
    copyFileSync(join(folder, 'vocabulary.txt'), join(bare, 'vocabulary.txt'))
    const real = await readTokenizer(folder, vocabSize)
    const found = await readTokenizer(bare, vocabSize)
    assert.deepEqual(mergesOf(found), mergesOf(real))
    assert.equal(mergesOf(found).length, 50000)
    assert.equal(found.tokenIds.get('<|0.02|>'), real.tokenIds.get('<|0.02|>'))
  }
})

function encoderOf({ tokenizer }: Checkpoint): (text: string) => number[] {
  const library = new Tokenizer(tokenizer.tokenizer, tokenizer.config)
  return (text) => library.encode(text, { add_special_tokens: false }).ids
}

function mergesOf({ files }: Awaited<ReturnType<typeof readTokenizer>>): unknown[] {
  return (files.tokenizer.model as { merges: unknown[] }).merges // checked when it was read
}
