/** Which of the published vocabularies a checkpoint's own is made of; a fine-tune may have added tokens behind it. */

import { isJsonObject, type JsonObject } from './json-file.ts'
import { PUBLISHED_SIZES, type PublishedSize, standardLayout } from './special-tokens.ts'

/** What a checkpoint says of its vocabulary; each of these may be absent, or left over from another model. */
export interface VocabularyFacts {
  /** Rows of the token embeddings. */
  readonly vocabSize: number
  readonly nMels?: number | undefined
  /** Contents of generation_config.json and config.json. */
  readonly generation: JsonObject | undefined
  readonly config: JsonObject | undefined
  /** Ids by content, of those control tokens that the tokenizer itself has. */
  readonly tokenIds?: ReadonlyMap<string, number>
}

/** Whether a statement can be true of a published vocabulary; undefined: it says nothing. */
type Statement = (facts: VocabularyFacts, size: PublishedSize) => boolean | undefined

/**
 * The likeliest first. The size of the vocabulary comes last: a token that was added makes an English-only vocabulary as large as
 * the multilingual one, and that as large as large-v3's.
 */
const STATEMENTS: readonly Statement[] = [
  ({ tokenIds = new Map() }, size) => {
    const layout = standardLayout(size)
    const known = [...tokenIds].filter(([token]) => layout.has(token))
    return known.length === 0 ? undefined : known.every(([token, id]) => layout.get(token) === id)
  },
  ({ generation }, size) => isAt(generation?.no_timestamps_token_id, '<|notimestamps|>', size),
  ({ generation }, size) => {
    const tasks = isJsonObject(generation?.task_to_id) ? generation.task_to_id : {}
    return isAt(tasks.transcribe, '<|transcribe|>', size)
  },
  ({ generation, config }, size) => {
    const start = generation?.decoder_start_token_id ?? config?.decoder_start_token_id
    return isAt(start, '<|startoftranscript|>', size)
  },
  ({ generation }, size) => {
    const said = generation?.is_multilingual
    return typeof said === 'boolean' ? said === (size !== 51864) : undefined
  },
  ({ nMels }, size) => (nMels === undefined ? undefined : (nMels === 128) === (size === 51866)),
]

function isAt(id: unknown, token: string, size: PublishedSize): boolean | undefined {
  return typeof id === 'number' ? standardLayout(size).get(token) === id : undefined
}

/**
 * The size of the published vocabulary that this one begins with. A statement that contradicts all the stronger ones counts for
 * nothing. Where they leave more than one, it is the largest that the rows have room for, if the number of mel bands was
 * known or it has just as many rows.
 *
 * @returns undefined where nothing tells.
 */
export function publishedVocabulary(facts: VocabularyFacts): PublishedSize | undefined {
  let left = PUBLISHED_SIZES.filter((size) => size <= facts.vocabSize)
  for (const statement of STATEMENTS) {
    const agreeing = left.filter((size) => statement(facts, size) !== false)
    if (agreeing.length > 0) left = agreeing
  }
  const largest = left.at(-1)
  const isTold = left.length === 1 || facts.nMels !== undefined || largest === facts.vocabSize
  return isTold ? largest : undefined
}

/** The number of mel bands that config.json states; undefined where it states none. */
export function melsIn(config: JsonObject | undefined): number | undefined {
  const bands = config?.num_mel_bins
  return typeof bands === 'number' ? bands : undefined
}
