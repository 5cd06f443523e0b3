/** One set over many clips: ours by the pool that the service uses, or the peer's. */

import { cpus } from 'node:os'
import { readConfig } from '../src/config.ts'
import { createEnginePool } from '../src/engine/index.ts'
import { resolveCheckpointFolder } from '../src/hub/index.ts'
import { createLogger } from '../src/logger.ts'
import { ModelRegistry } from '../src/models/registry.ts'
import type { Segment } from '../src/transcript/index.ts'
import { readOptions } from '../src/whisper/options.ts'
import { runFasterWhisper } from './peers/faster-whisper.ts'
import type { Clip } from './speech-set.ts'
import { type Answer, readAnswerLines } from './wer-results.ts'
import type { FasterWhisperSet, OwnSet, WerSet } from './wer-sets.ts'

export interface RunRequest {
  /** An id of the registry, a hub repository or a folder. */
  readonly model: string
  /** Whether each clip's language is told. */
  readonly isLanguageGiven: boolean
  readonly clips: readonly Clip[]
  /** Told after each clip. */
  readonly onAnswer: (answer: Answer) => void
}

export interface RunResult {
  /** What transcribed, with its version where it is not ours. */
  readonly system: string
  readonly loadSeconds: number
  readonly answers: Answer[]
}

const never = new AbortController().signal
const config = readConfig()
const registry = ModelRegistry.load(config.models)

/** Transcribes every clip. A clip that fails is an answer without text; a model that does not load is thrown. */
export function runSet(set: WerSet, request: RunRequest): Promise<RunResult> {
  return set.system === 'paradox' ? runOwn(set, request) : runPeer(set, request)
}

/** By the pool that the service uses: an engine process, ffmpeg, the whole of a request, one at a time. */
async function runOwn({ options }: OwnSet, request: RunRequest): Promise<RunResult> {
  const { model, clips, isLanguageGiven, onAnswer } = request
  const pool = createEnginePool({
    resolve: (id) => registry.resolve(id),
    maxLoadedModels: 1,
    settings: config.engine,
    logger: createLogger(process.env.LOG_LEVEL ? config.logLevel : 'error'),
  })
  const transcribe = (clip: Clip) => {
    const language = isLanguageGiven ? knownLanguage(clip) : undefined
    const given = { modelId: model, audioPath: clip.path, language, options: readOptions(options), signal: never }
    return pool.transcribe(given)
  }
  try {
    const from = performance.now()
    await transcribe(shortest(clips)).catch((error: unknown) => {
      if (pool.activeModel() === null) throw error // else it is the clip that fails, and will tell so in its turn
    })
    const loadSeconds = secondsSince(from)

    const answers: Answer[] = []
    for (const clip of clips) {
      const from = performance.now()
      const result = await transcribe(clip).then(
        ({ text, language, segments }) => ({ text, language, segments: segments.map(timesOf) }),
        (error: unknown) => ({ text: '', error: String(error) }),
      )
      const answer: Answer = { id: clip.id, seconds: secondsSince(from), ...result }
      answers.push(answer)
      onAnswer(answer)
    }
    return { system: 'paradox', loadSeconds, answers }
  } finally {
    await pool.close(0)
  }
}

async function runPeer(set: FasterWhisperSet, request: RunRequest): Promise<RunResult> {
  const { model, clips, isLanguageGiven, onAnswer } = request
  const { origin, tokenizer } = registry.resolve(model)
  const checkpoint = await resolveCheckpointFolder({ origin, tokenizer }, { ...config.engine, signal: never })
  const job = {
    model: checkpoint.folder,
    computeType: set.computeType,
    threads: config.engine.threads ?? cpus().length,
    isBatched: set.isBatched,
    options: set.options,
    clips: clips.map((clip) => ({
      id: clip.id,
      path: clip.path,
      language: (isLanguageGiven && knownLanguage(clip)) || null,
    })),
  }
  const read = await readAnswerLines(runFasterWhisper(job, config.engine.cacheDir), onAnswer)
  return { system: `faster-whisper ${read.version}`, loadSeconds: read.loadSeconds, answers: read.answers }
}

function timesOf({ start, end, text, words }: Segment) {
  return { start, end, text, words: words?.map(({ start, end, word }) => ({ start, end, word })) }
}

function knownLanguage(clip: Clip): string | undefined {
  return clip.language === 'zxx' ? undefined : clip.language
}

function shortest(clips: readonly Clip[]): Clip {
  return clips.reduce((a, b) => (b.seconds < a.seconds ? b : a))
}

function secondsSince(from: number): number {
  return Math.round(performance.now() - from) / 1000
}
