/** What decoding asks of a model: a step from tokens to what may come next. A model's sessions stand behind it. */

/** The texts of one window, its rows: they begin alike, grow in step, and one may be continued several times. */
export interface TextDecoder {
  /** R */
  readonly nRows: number
  /** Tokens that each row holds. */
  readonly length: number
  /**
   * Appends the same T tokens to every row.
   *
   * @param logitsAt  K positions among the T.
   * @returns         [K × V] row-major, the caller's own.
   */
  prompt(tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array>
  /**
   * Appends one token to each row.
   *
   * @param parents  the row that each row goes on from: itself, or one that goes on from itself. Left out: itself.
   */
  step(tokens: readonly number[], parents?: readonly number[]): Promise<NextTokens>
  /** Only where the decoder finds whole texts by itself; see `WholeTextDecoder`. */
  findText?(request: TextRequest): Promise<FoundText>
}

/** A decoder that searches by itself, greedily or with beams, since its steps would be slow one by one. */
export interface WholeTextDecoder {
  /** The text of its window, whatever was appended before. */
  findText(request: TextRequest): Promise<FoundText>
}

/** What a text must be like; the bias that the decoder was started with holds too. */
export interface TextRequest {
  /** sot included; -1 in the language's place where it is to be detected. */
  readonly prompt: readonly number[]
  /** What comes before the text when its words are aligned; undefined: they are not. */
  readonly alignmentPrompt: readonly number[] | undefined
  /** Not said as the first token. */
  readonly suppressAtBegin: readonly number[]
  readonly rules: TextRules
}

/** What windows that are decoded together must agree on. */
export interface TextRules {
  /** eot included. */
  readonly maxTokens: number
  readonly eot: number
  readonly sot: number
  readonly noSpeech: number
  /** Timestamp tokens by Whisper's rules. */
  readonly withTimestamps: boolean
  readonly timestampBegin: number
  /** The last timestamp token that a text may begin with. */
  readonly latestFirst: number
  /** A text that repeats itself ends. */
  readonly stopLoops: boolean
  /** 1: greedy. */
  readonly beamSize: number
  /** A window is done when so many of its texts have ended. */
  readonly enough: number
  readonly lengthPenalty: number | undefined
  /** Tokens of the languages to choose among where it is to be detected. */
  readonly languageIds: readonly number[]
}

export interface FoundText {
  /** Without prompt and eot. */
  readonly tokens: readonly number[]
  /** Natural logarithm of the probability of each token, eot's last where it was reached. */
  readonly logprobs: readonly number[]
  readonly ended: 'eot' | 'length' | 'loop'
  readonly noSpeechProb: number
  /** Of each of `languageIds`, where the language was detected. */
  readonly languageProbs: readonly number[] | undefined
  /** [A × T × S] of alignment prompt, text and eot, where they were to be aligned. */
  readonly alignmentScores: Float32Array | undefined
}

/** What may follow each of R rows. Written again by the next step. */
export interface NextTokens {
  /** [R × N] row-major: the N likeliest tokens, falling, and the natural logarithm of their probability. */
  readonly tokens: BigInt64Array
  readonly logprobs: Float32Array
  /** [R × V] row-major, raw; only where they were asked for. The caller may change them. */
  readonly logits: Float32Array | undefined
}

/** What a decoder is told when a text begins. */
export interface TokenChoice {
  /** [V], added to the logits before the likeliest tokens are chosen: 0, or -∞ for what is never said. */
  readonly tokenBias: Float32Array
  /** True where choosing takes more than a bias, so that every step gives its logits. */
  readonly needsLogits: boolean
}
