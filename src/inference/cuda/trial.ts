/**
 * The graph that serves on a CUDA device, of a small model of random weights, run there and on the CPU: texts must
 * be equal, and their probabilities nearly so. All that the graph can do is done once: windows that are decoded together
 * and end at different steps, greedy search by the rules of timestamps in a language that is detected, beams, attention to
 * the audio.
 */

import { join } from 'node:path'
import { type CompileOptions, GENERATE_FILE } from '../../compiler/index.ts'
import { DeviceUnavailableError } from '../../errors/index.ts'
import { whyUnusable } from '../check-device.ts'
import type { ResolvedDevice, SessionSettings } from '../session.ts'
import { largestDifference, TRIAL_SHAPE, trialSound, withTrialGraphs } from '../trial-model.ts'
import { DETECT, type GeneratedText, type GenerateRequest, GenerateSession } from './generate-session.ts'

type Formats = Pick<CompileOptions, 'encoderFormat' | 'decoderFormat'>

/** Of log-probabilities, probabilities, and scores relative to the largest. Rounding to float16 makes 0.002. */
export const TOLERANCE = 0.05
/**
 * Seed of weights with which no choice between tokens is closer than twice that, so that a device which rounds in its own way
 * says the same; only one of a hundred is so.
 */
export const TRIAL_SEED = 94

const [EOT, SOT, NO_SPEECH, PT, EN, DE, TRANSCRIBE, NO_TIMESTAMPS] = [200, 201, 202, 203, 204, 205, 206, 207] as const
const TIMESTAMP_BEGIN = 250
const N_WINDOWS = 3
/** A few of the others can be said: the more there are, the closer the choices. */
const WORDS = Array.from({ length: 8 }, (_, i) => 25 * i + 3)
const TIMESTAMPS = Array.from({ length: 10 }, (_, i) => TIMESTAMP_BEGIN + 5 * i)

const RULES = {
  eot: EOT,
  sot: SOT,
  noSpeech: NO_SPEECH,
  timestampBegin: TIMESTAMP_BEGIN,
  latestFirst: TIMESTAMP_BEGIN + 20,
  lengthPenalty: undefined,
}

/** Requests by name, the same for every window, with the tokens that may be said. */
const TEXTS: Readonly<Record<string, Omit<GenerateRequest, 'logitBias'> & { readonly sayable: readonly number[] }>> = {
  'greedy text': {
    prompt: [SOT, DETECT, TRANSCRIBE],
    alignmentPrompt: undefined,
    suppressAtBegin: [EOT],
    longestRepeat: 0,
    rules: { ...RULES, maxTokens: 8, withTimestamps: true, beamSize: 1, enough: 1, languageIds: [PT, EN, DE] },
    sayable: [...WORDS, ...TIMESTAMPS, EOT],
  },
  'text of five beams': {
    prompt: [SOT, PT, TRANSCRIBE, NO_TIMESTAMPS],
    alignmentPrompt: [SOT, PT, TRANSCRIBE, NO_TIMESTAMPS],
    suppressAtBegin: [EOT],
    longestRepeat: 0,
    rules: { ...RULES, maxTokens: 6, withTimestamps: false, beamSize: 5, enough: 5, languageIds: [] },
    sayable: [...WORDS, EOT],
  },
}

/**
 * @param formats  that the device is to compute in.
 * @param folder   for files of the trial.
 * @throws {DeviceUnavailableError} when `device` fails, or says something else than the CPU.
 */
export async function tryGenerateGraph(device: ResolvedDevice, formats: Formats, folder: string): Promise<void> {
  const exact = { encoderFormat: 'float32', decoderFormat: 'float32' } as const
  const expected = await textsOn({ device: 'cpu', threads: 1 }, exact, folder)
  const found = await textsOn({ device, threads: 1 }, formats, folder).catch((cause: unknown) => {
    throw new DeviceUnavailableError(device, whyUnusable(device, cause), { cause })
  })
  for (const [i, text] of expected.entries()) {
    const difference = differenceBetween(text, found[i]!)
    if (difference === undefined) continue
    const reason = `${difference} in a ${text.name}; a newer driver may compute it rightly`
    throw new DeviceUnavailableError(device, reason)
  }
}

export type TrialText = GeneratedText & { readonly name: string }

/** Each of `TEXTS` for each window. */
async function textsOn(settings: SessionSettings, formats: Formats, folder: string): Promise<TrialText[]> {
  return await withTrialGraphs(folder, TRIAL_SEED, { ...formats, hasGenerate: true }, async (graphs) => {
    await using session = await GenerateSession.open(join(graphs, GENERATE_FILE), settings)
    return await trialTexts(session)
  })
}

/** @param favour  added to what is in favour of some tokens. */
export async function trialTexts(
  session: Pick<GenerateSession, 'generate'>,
  favour: ReadonlyMap<number, number> = new Map(),
): Promise<TrialText[]> {
  const samples = Array.from({ length: N_WINDOWS }, (_, i) => trialSound(i, TRIAL_SHAPE.maxAudioContext))
  const texts: TrialText[] = []
  for (const [name, { sayable, ...asked }] of Object.entries(TEXTS)) {
    const logitBias = new Float32Array(TRIAL_SHAPE.vocabSize).fill(Number.NEGATIVE_INFINITY)
    for (const token of sayable) logitBias[token] = favour.get(token) ?? 0
    const windows = samples.map(() => ({ ...asked, logitBias }))
    const found = await session.generate({ samples }, windows)
    texts.push(...found.map((text) => ({ ...text, name })))
  }
  return texts
}

/** In words; undefined where there is none to speak of. */
function differenceBetween(expected: GeneratedText, found: GeneratedText): string | undefined {
  const isSame = found.ended === expected.ended && String(found.tokens) === String(expected.tokens)
  if (!isSame) return 'it says other tokens than the CPU'
  for (const [what, values, given] of [
    ['log-probabilities', expected.logprobs, found.logprobs],
    ['probability of silence', [expected.noSpeechProb], [found.noSpeechProb]],
    ['probabilities of languages', expected.languageProbs ?? [], found.languageProbs ?? []],
  ] as const) {
    const off = Math.max(...values.map((value, i) => Math.abs(value - given[i]!)), 0)
    if (!(off <= TOLERANCE)) return `its ${what} differ from the CPU's by ${off.toPrecision(2)}`
  }
  const scores = expected.alignmentScores
  const off = scores ? largestDifference(scores, found.alignmentScores!) : 0
  return off <= TOLERANCE ? undefined : `its attention scores differ from the CPU's by ${(100 * off).toPrecision(2)} %`
}
