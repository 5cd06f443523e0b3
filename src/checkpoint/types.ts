/** A checkpoint as the rest of the program sees it, whatever files it came from. */

/** Linear layers of an encoder block that LiteASR may store as a low-rank pair. */
export const LOW_RANK_LINEARS = ['q_proj', 'k_proj', 'v_proj', 'out_proj', 'fc1', 'fc2'] as const
export type LowRankLinear = (typeof LOW_RANK_LINEARS)[number]

/** Ranks of one encoder layer; a linear that is not named is dense. */
export type LayerRanks = Readonly<Partial<Record<LowRankLinear, number>>>

/** The shape of a Whisper-family model; everything the graph compiler needs besides the tensors. */
export interface ModelShape {
  /** M: mel bands, 80 or 128. */
  readonly nMels: number
  /** D: width. */
  readonly dModel: number
  readonly encoderLayers: number
  readonly encoderHeads: number
  readonly encoderFfnDim: number
  readonly decoderLayers: number
  readonly decoderHeads: number
  readonly decoderFfnDim: number
  /** V */
  readonly vocabSize: number
  /** Encoder positions of a full window: 1500. */
  readonly maxAudioContext: number
  /** Decoder positions: 448. */
  readonly maxTextContext: number
  /** One entry per encoder layer; empty for a checkpoint without low-rank layers. */
  readonly lowRank: readonly LayerRanks[]
  /**
   * The projection onto the vocabulary is a matrix of its own, `proj_out.weight`. Else, as in every published Whisper, it is
   * the token embeddings, and a `proj_out.weight` in the file is a copy that counts for nothing.
   */
  readonly hasOwnProjection?: boolean
}

export interface CheckpointConfig extends ModelShape {
  /** `model_type` of config.json ("whisper", "lite-whisper"), or "whisper" for CTranslate2's WhisperSpec. */
  readonly architecture: string
}

/**
 * Special token ids and what generation must avoid, from the tokenizer, generation_config.json, config.json or CTranslate2's
 * config.json, completed by Whisper's standard values.
 */
export interface GenerationConfig {
  readonly isMultilingual: boolean
  readonly eot: number
  readonly sot: number
  readonly translate: number
  readonly transcribe: number
  readonly sotLm: number
  readonly sotPrev: number
  readonly noSpeech: number
  readonly noTimestamps: number
  /** `<|0.00|>`; 1501 timestamp tokens follow, 0.02 s apart. */
  readonly timestampBegin: number
  /** Text tokens that a fine-tune has added; they lie behind the timestamps. */
  readonly addedText: ReadonlySet<number>
  /** What else lies behind the timestamps: special tokens of other uses, and rows that stand for no token. Never sampled. */
  readonly unsaid: readonly number[]
  /** Language code ("pt") → token id; empty for English-only models. */
  readonly languageIds: ReadonlyMap<string, number>
  /** Never sampled. */
  readonly suppressTokens: readonly number[]
  /** Not sampled as the first token of a window. */
  readonly beginSuppressTokens: readonly number[]
  /** (layer, head) pairs of cross-attention that follow the audio; undefined where the checkpoint names none. */
  readonly alignmentHeads: readonly (readonly [layer: number, head: number])[] | undefined
}

/** Input of the tokenizer library: the contents of tokenizer.json and tokenizer_config.json. */
export interface TokenizerFiles {
  readonly tokenizer: Readonly<Record<string, unknown>>
  readonly config: Readonly<Record<string, unknown>>
}

/**
 * Named tensors of a checkpoint under Hugging Face's names without the leading `model.`
 * (`encoder.layers.0.self_attn.q_proj.weight`), read one at a time so that the weights are never in memory twice.
 */
export interface TensorSource extends Disposable {
  names(): Iterable<string>
  has(name: string): boolean
  /** @throws {CheckpointFileMissingError} when there is no such tensor. */
  shape(name: string): readonly number[]
  /**
   * The tensor as float32, row-major, freshly allocated and owned by the caller.
   *
   * @throws {CheckpointFileMissingError} when there is no such tensor.
   * @throws {CheckpointCorruptError} when its bytes cannot be read in full.
   */
  read(name: string): Float32Array
}

/** A model folder that has been read and checked; the tensors are still on the disk. */
export interface Checkpoint extends Disposable {
  readonly config: CheckpointConfig
  readonly generation: GenerationConfig
  readonly tokenizer: TokenizerFiles
  readonly tensors: TensorSource
  /**
   * Names the contents of config and weights, for the compiled cache: equal digests mean equal graphs. Built from
   * the hub's content-addressed blob names where the files are such, else from size, time of change and file name,
   * since hashing gigabytes at every start would cost more than it protects.
   */
  readonly digest: string
}
