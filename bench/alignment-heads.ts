/**
 * Which heads align words where a checkpoint names none that exist? Whisper base knows its own, so its word times are the
 * measure: the words that it hears are said to (a) base with only decoder layers 0 and 5, the shape of freds0, and (b) base
 * itself with its heads' names withheld, and the times by each choice of heads are compared with base's.
 *
 * Command: `bench/alignment-heads.ts`, with the recordings of ../shared/speech. Better is: less error, in seconds at the words'
 * borders. What was decided by it stands in docs/decisions/0021-alignment-heads-by-their-walk.md.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeAudio } from '../src/audio/index.ts'
import { type Checkpoint, openCheckpoint } from '../src/checkpoint/index.ts'
import { compile, DECODER_FILE, EMBEDDINGS_FILE, ENCODER_FILE } from '../src/compiler/index.ts'
import { readConfig } from '../src/config.ts'
import { type AudioFeatures, CpuDecoder } from '../src/inference/index.ts'
import { silentLogger } from '../src/logger.ts'
import { type AlignmentScores, decodeBySteps, splitWords, tokenTimes } from '../src/whisper/index.ts'
import { GREEDY } from '../test/helpers/builders/greedy-options.ts'
import { joined } from '../test/helpers/builders/joined.ts'
import { baseFolder, distilShapeBaseFolder } from '../test/helpers/data/real-models.ts'
import { openExposed, textOf } from '../test/helpers/rigs/exposed-model.ts'
import { median } from './median.ts'
import { readSpeechSet, SPEECH_FOLDER } from './speech-set.ts'

const LANGUAGES = ['pt', 'en', 'es', 'fr', 'de', 'it']
const SAMPLES_PER_POSITION = 320
const { engine } = readConfig()
const signal = new AbortController().signal
const folders: string[] = []

using base = await openCheckpoint(baseFolder().folder)
using shallow = await openCheckpoint((await distilShapeBaseFolder()).folder)
const baseGraphs = compiled(base)
await using model = await openExposed(base, join(baseGraphs, ENCODER_FILE), join(baseGraphs, DECODER_FILE))
await using ofShallow = await decoderOf(shallow)
await using ofBase = await decoderOf(base)

/** [clip] of words' borders, in seconds; by the choice of heads. */
const errors = new Map<string, number[]>()
for (const clip of readSpeechSet(SPEECH_FOLDER)) {
  if (clip.group !== 'short' || clip.seconds > 28 || !LANGUAGES.includes(clip.language)) continue
  const samples = await samplesOf(clip.path)
  const nPositions = Math.ceil(samples.length / SAMPLES_PER_POSITION)
  const audioContext = Math.min(1500, Math.max(600, nPositions + 250))
  const padded = new Float32Array(audioContext * SAMPLES_PER_POSITION)
  padded.set(samples.subarray(0, padded.length))
  const encoded = await model.encode(padded)
  using batch = model.start(encoded)
  const prompt = {
    language: clip.language,
    task: 'transcribe',
    withTimestamps: false,
    previous: [],
    prefix: [],
  } as const
  const { tokens: text } = await decodeBySteps(textOf(batch), model, prompt, GREEDY)
  if (text.length < 4 || text.length > 200) continue // nothing heard, or a loop

  const { sot, languageIds, transcribe, noTimestamps, eot } = model.generation
  const tokens = [sot, languageIds.get(clip.language)!, transcribe, noTimestamps, ...text, eot]
  const words = splitWords(text, clip.language, model.tokenizer).map((word) => word.tokens.length)
  const timesBy = (data: Float32Array, heads: readonly number[] | undefined, areCandidates: boolean) => {
    const perHead = tokens.length * audioContext
    const chosen = heads ? joined(heads.map((head) => data.subarray(head * perHead, (head + 1) * perHead))) : data
    const scores: AlignmentScores = {
      data: chosen,
      nHeads: chosen.length / perHead,
      nTokens: tokens.length,
      audioContext,
    }
    const times = tokenTimes(scores, 3, text.length, Math.min(nPositions, audioContext), areCandidates)
    let at = 0
    return [0, ...words.map((nTokens) => (at += nTokens))].map((token) => times[token]!)
  }
  const reference = timesBy(await model.decoder.alignmentScores(encoded.features, tokens), undefined, false)
  const compare = (choice: string, times: readonly number[]) => {
    const known = errors.get(choice) ?? []
    errors.set(choice, [...known, ...times.map((time, i) => Math.abs(time - reference[i]!))])
  }
  const H = shallow.config.decoderHeads
  const scores = await ofShallow.alignmentScores(featuresOf(encoded.features, [0, 5]), tokens)
  compare('two layers: all heads of the last', timesBy(scores, heads(H, 2 * H), false))
  compare('two layers: all heads', timesBy(scores, undefined, false))
  compare('two layers: the steadiest of all', timesBy(scores, undefined, true))
  const own = await ofBase.alignmentScores(encoded.features, tokens)
  compare('base: all heads of the upper half', timesBy(own, heads(3 * H, 6 * H), false))
  compare('base: the steadiest of all', timesBy(own, undefined, true))
}
for (const folder of folders) rmSync(folder, { recursive: true, force: true })

console.log('| heads | mean | median | within 0.1 s | within 0.2 s |\n| --- | --- | --- | --- | --- |')
for (const [choice, seconds] of errors) {
  const mean = seconds.reduce((sum, error) => sum + error, 0) / seconds.length
  const within = (limit: number) =>
    `${Math.round((100 * seconds.filter((error) => error <= limit).length) / seconds.length)} %`
  console.log(
    `| ${choice} | ${mean.toFixed(2)} s | ${median(seconds).toFixed(2)} s | ${within(0.101)} | ${within(0.201)} |`,
  )
}
console.log(`\n${errors.values().next().value?.length ?? 0} borders of words`)

function compiled(checkpoint: Checkpoint): string {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-heads-'))
  folders.push(folder)
  compile(checkpoint, folder, { exposeIntermediates: true })
  return folder
}

/** With all its heads, layer by layer. */
async function decoderOf(checkpoint: Checkpoint): Promise<CpuDecoder> {
  const { decoderLayers, decoderHeads } = checkpoint.config
  const alignmentHeads = Array.from({ length: decoderLayers * decoderHeads }, (_, i) => {
    return [Math.floor(i / decoderHeads), i % decoderHeads] as const
  })
  const folder = compiled({ ...checkpoint, generation: { ...checkpoint.generation, alignmentHeads } })
  const files = { graph: join(folder, DECODER_FILE), embeddings: join(folder, EMBEDDINGS_FILE), alignmentHeads }
  return await CpuDecoder.open(files, checkpoint.config, { device: 'cpu', threads: undefined })
}

/** Keys and values of these layers of base, as those of a decoder that has no others. */
function featuresOf(features: AudioFeatures, layers: readonly number[]): AudioFeatures {
  return Object.fromEntries(
    layers.flatMap((layer, i) =>
      ['key', 'value'].map((kind) => [`cross_${kind}_${i}`, features[`cross_${kind}_${layer}`]!]),
    ),
  )
}

function heads(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

async function samplesOf(path: string): Promise<Float32Array> {
  const { ffmpegPath } = engine
  const parts: Float32Array[] = []
  for await (const part of decodeAudio(path, {
    ffmpegPath,
    timeoutSeconds: 60,
    maxSeconds: 60,
    signal,
    logger: silentLogger,
  }))
    parts.push(Float32Array.from(part))
  return joined(parts)
}
