/** Whisper of any size, multilingual or English-only; the other families differ from it in a few properties. */

import { audioOptions, decodeAudio, type RecordingOptions } from '../audio/index.ts'
import { type Checkpoint, type CheckpointConfig, openCheckpoint } from '../checkpoint/index.ts'
import { CheckpointUnsupportedError, OptionInvalidError } from '../errors/index.ts'
import { resolveCheckpointFolder } from '../hub/index.ts'
import type { LanguageDetection, Transcription } from '../transcript/index.ts'
import { VadSession } from '../vad/index.ts'
import {
  detectRecordingLanguage,
  type SpeechModel,
  type StepCounts,
  sessionRequest,
  transcribeLongForm,
} from '../whisper/index.ts'
import { AsrStrategy, type StrategyContext, type StrategyTranscribeOptions } from './base.ts'
import { openCompiledModel, prepareCompiledModel } from './compiled-model.ts'
import { type ChannelWork, transcribeEachChannel } from './each-channel.ts'
import { checkTask, languageFor, substitutionWarnings, withLanguageCodes } from './model-languages.ts'
import type { ModelEntry } from './registry.ts'
import { roomToCompile } from './room-to-compile.ts'

export class WhisperStrategy extends AsrStrategy {
  protected readonly context: StrategyContext
  #model: SpeechModel | undefined
  #vad: VadSession | undefined

  constructor(context: StrategyContext) {
    super()
    this.context = context
  }

  /** Repository whose tokenizer is used in place of the checkpoint's own. */
  protected get tokenizerRepository(): string | undefined {
    return this.context.entry.tokenizer
  }

  /** What this strategy needs of a checkpoint, in words, when `config` does not have it. */
  protected refuses(config: CheckpointConfig): string | undefined {
    return config.lowRank.length > 0 ? 'its layers are low-rank, which strategy lite_asr loads' : undefined
  }

  override async loadModel(signal: AbortSignal): Promise<void> {
    if (this.#model) return
    const { settings, entry, logger, onLoading } = this.context
    const { checkpoint, folder } = await this.#openCheckpoint(signal)
    using _ = checkpoint
    this.#model = await openCompiledModel(checkpoint, folder, { name: entry.id, settings, signal, logger, onLoading })
    this.#vad = await VadSession.open()
  }

  override async prepareModel(signal: AbortSignal): Promise<void> {
    const { settings, entry, logger, onLoading } = this.context
    const { checkpoint, folder } = await this.#openCheckpoint(signal)
    using _ = checkpoint
    await prepareCompiledModel(checkpoint, folder, { name: entry.id, settings, signal, logger, onLoading })
  }

  override get languages(): readonly string[] {
    return [...(this.#model?.generation.languageIds.keys() ?? [])]
  }

  override async transcribe(
    audioPath: string,
    { language, options, signal, onLength, onProgress, onSegments }: StrategyTranscribeOptions,
  ): Promise<Transcription> {
    await this.loadModel(signal)
    const model = this.#model! // loadModel has set both or thrown
    const vad = this.#vad!
    const code = languageFor(model.generation, this.context.entry, language, options)
    checkTask(model.generation, options)
    const transcribe = async (work: ChannelWork): Promise<Transcription> => {
      const listener = vad.listen()
      const { hearing, onProgress, onSegments } = work
      return await transcribeLongForm(this.#samplesOf(audioPath, { signal, language: code, ...hearing }), {
        session: model.session(sessionRequest(options, signal)),
        options: withLanguageCodes(model.generation, options),
        speechProbability: (frames) => listener.probabilities(frames),
        language: code,
        signal,
        onProgress,
        onSegments,
      })
    }
    const warnings = substitutionWarnings(language, code)
    const { track, channel } = options
    if (channel === 'each') {
      const each = await transcribeEachChannel(transcribe, { track, onLength, onProgress, onSegments })
      return { ...each, warnings: [...warnings, ...each.warnings] }
    }
    const onWarning = (warning: string) => warnings.push(warning)
    const hearing = { track, channel, onLength, onWarning }
    const transcription = await transcribe({ hearing, onProgress, onSegments })
    return { ...transcription, warnings: [...warnings, ...transcription.warnings] }
  }

  override async detectLanguage(
    audioPath: string,
    { options, signal, onLength }: Pick<StrategyTranscribeOptions, 'options' | 'signal' | 'onLength'>,
  ): Promise<LanguageDetection> {
    await this.loadModel(signal)
    const model = this.#model! // loadModel has set both or thrown
    const listener = this.#vad!.listen()
    if (!model.generation.isMultilingual) {
      throw new OptionInvalidError('model', this.context.entry.id, 'a multilingual model: this one knows only English')
    }
    const { track, channel } = options
    if (channel === 'each') {
      throw new OptionInvalidError('channel', 'each', 'mix or one channel where only the language is asked for')
    }
    return await detectRecordingLanguage(this.#samplesOf(audioPath, { signal, onLength, track, channel }), {
      session: model.session(sessionRequest(options, signal)),
      options: withLanguageCodes(model.generation, options),
      speechProbability: (frames) => listener.probabilities(frames),
      signal,
    })
  }

  override get stepCounts(): StepCounts {
    return this.#model?.stepCounts ?? { steps: 0, windowSteps: 0 }
  }

  override async rest(isOverLimit: boolean): Promise<void> {
    await this.#model?.rest(isOverLimit)
  }

  override async unload(): Promise<void> {
    const [model, vad] = [this.#model, this.#vad]
    this.#model = undefined
    this.#vad = undefined
    await model?.[Symbol.asyncDispose]()
    await vad?.[Symbol.asyncDispose]()
  }

  #samplesOf(audioPath: string, ofCall: RecordingOptions): AsyncIterable<Float32Array> {
    const { settings, logger } = this.context
    return decodeAudio(audioPath, audioOptions(settings, { ...ofCall, logger }))
  }

  async #openCheckpoint(signal: AbortSignal): Promise<{ checkpoint: Checkpoint; folder: string }> {
    const { settings, entry, onLoading } = this.context
    const origin: Pick<ModelEntry, 'origin' | 'tokenizer'> = {
      origin: entry.origin,
      tokenizer: this.tokenizerRepository,
    }
    const { folder, processorFolder } = await resolveCheckpointFolder(origin, {
      hub: settings.hub,
      cacheDir: settings.cacheDir,
      signal,
      log: this.context.logger,
      compile: roomToCompile(settings),
      onProgress: ({ file, doneBytes, totalBytes }) =>
        onLoading?.({ stage: 'download', item: file, fraction: totalBytes > 0 ? doneBytes / totalBytes : undefined }),
    })
    const checkpoint = await openCheckpoint(folder, processorFolder === undefined ? {} : { processorFolder })
    // Where no strategy is named, as on the command line, there is nothing that the checkpoint could contradict.
    const reason = entry.strategy === undefined ? undefined : this.refuses(checkpoint.config)
    if (reason === undefined) return { checkpoint, folder }
    checkpoint[Symbol.dispose]()
    throw new CheckpointUnsupportedError(reason, 'Name another strategy for this model in MODELS_FILE.')
  }
}
