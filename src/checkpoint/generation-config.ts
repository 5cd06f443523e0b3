/** Special token ids and what generation must avoid, from whichever files say it. */

import { z } from 'zod'
import { CheckpointCorruptError, CheckpointUnsupportedError } from '../errors/index.ts'
import { TIMESTAMP_TOKENS } from '../whisper-constants.ts'
import type { JsonObject } from './json-file.ts'
import { melsIn, publishedVocabulary, type VocabularyFacts } from './published-vocabulary.ts'
import {
  BLANK,
  isPublishedSize,
  NON_SPEECH_ENGLISH,
  NON_SPEECH_MULTILINGUAL,
  standardLayout,
} from './special-tokens.ts'
import type { GenerationConfig, ModelShape } from './types.ts'

export interface GenerationSources {
  /** Contents of generation_config.json; undefined where there is none. */
  readonly generation: JsonObject | undefined
  /** Contents of config.json, Hugging Face's or CTranslate2's; undefined where there is none. */
  readonly config: JsonObject | undefined
  /**
   * The checkpoint that lends the tokenizer: contents of its two files. What they say of tokens holds where the vocabularies
   * are the same published one, what they say of heads where the decoders are of one shape.
   */
  readonly processor?: { readonly generation: JsonObject; readonly config: JsonObject } | undefined
  /** Ids by content, of the tokenizer's added tokens. */
  readonly tokenIds: ReadonlyMap<string, number>
  /** Those of them that stand for text. */
  readonly textIds?: ReadonlySet<number>
  readonly shape: Pick<ModelShape, 'vocabSize' | 'dModel' | 'decoderLayers' | 'decoderHeads'> &
    Partial<Pick<ModelShape, 'nMels'>>
}

const ids = z.array(z.int()).nullish()
const fieldsSchema = z.object({
  is_multilingual: z.boolean().nullish(),
  suppress_tokens: ids,
  begin_suppress_tokens: ids,
  alignment_heads: z.array(z.tuple([z.int(), z.int()])).nullish(),
  lang_to_id: z.record(z.string(), z.int()).nullish(),
  // CTranslate2's names. Its lang_ids are not used: they are ids without the codes, and wrong in some files.
  suppress_ids: ids,
  suppress_ids_begin: ids,
})
type Fields = z.infer<typeof fieldsSchema>

/**
 * Each value comes from generation_config.json, else from config.json, else from the lender of the tokenizer, else it is
 * Whisper's standard one.
 *
 * An empty suppress list is taken at its word, and -1 stands for the standard list, as in the original
 * implementation. A missing one or null also means the standard list. Transformers would suppress nothing then, but
 * files lose these fields by mistake far more often than by intent, and the original's default is to suppress.
 *
 * @throws {CheckpointUnsupportedError} when the tokenizer and the model's vocabulary do not belong together.
 * @throws {CheckpointCorruptError} when a field is not of its type.
 */
export function generationConfig(sources: GenerationSources): GenerationConfig {
  const { tokenIds, shape } = sources
  const said = readerOf(sources)
  const special = specialIds(sources)
  const { eot, sot, translate, transcribe, sotLm, sotPrev, noSpeech } = special
  // The English-only models keep GPT-2's vocabulary, whose end of text is one before the multilingual one.
  const isMultilingual = said((fields) => fields.is_multilingual) ?? eot !== ENGLISH_EOT
  const nonSpeech = eot === ENGLISH_EOT ? NON_SPEECH_ENGLISH : NON_SPEECH_MULTILINGUAL
  return {
    ...special,
    ...addedTokens(sources, special.timestampBegin + TIMESTAMP_TOKENS),
    isMultilingual,
    languageIds: isMultilingual
      ? languageIds(tokenIds, sot, translate, said((fields) => fields.lang_to_id) ?? {})
      : new Map(),
    suppressTokens: expand(
      said((fields) => fields.suppress_tokens ?? fields.suppress_ids),
      [...nonSpeech, sot, translate, transcribe, sotLm, sotPrev, noSpeech],
      shape.vocabSize,
    ),
    beginSuppressTokens: expand(
      said((fields) => fields.begin_suppress_tokens ?? fields.suppress_ids_begin),
      [BLANK, eot],
      shape.vocabSize,
    ),
    alignmentHeads: alignmentHeadsIn(sources),
  }
}

/** The `alignmentHeads` of `generationConfig`, which need no tokenizer. */
export function alignmentHeadsIn(sources: Omit<GenerationSources, 'tokenIds'>): GenerationConfig['alignmentHeads'] {
  const said = readerOf(sources)
  return existingHeads(said((fields) => fields.alignment_heads) ?? [], sources.shape)
}

type Reader = <T>(pick: (fields: Fields) => T | null | undefined) => T | undefined

/** Reads a value from the first of the files that has it. */
function readerOf(sources: Omit<GenerationSources, 'tokenIds'>): Reader {
  const fields = [
    parseFields('generation_config.json', sources.generation),
    parseFields('config.json', sources.config),
    parseFields('generation_config.json', lent(sources)),
  ]
  return (pick) => {
    for (const each of fields) {
      const value = pick(each)
      if (value !== null && value !== undefined) return value
    }
    return undefined
  }
}

/** The part of the lender's generation_config.json that holds for this checkpoint too. */
function lent({ generation, config, processor, shape }: Omit<GenerationSources, 'tokenIds'>): JsonObject | undefined {
  if (processor === undefined || !areOfOneVocabulary({ generation, config, ...shape }, processor)) return undefined
  const { decoder_layers, decoder_attention_heads, d_model } = processor.config
  const isSameDecoder =
    decoder_layers === shape.decoderLayers && decoder_attention_heads === shape.decoderHeads && d_model === shape.dModel
  if (isSameDecoder) return processor.generation
  const { alignment_heads: _heads, ...ofTokens } = processor.generation
  return ofTokens
}

function areOfOneVocabulary(own: VocabularyFacts, lender: NonNullable<GenerationSources['processor']>): boolean {
  const { vocab_size: vocabSize } = lender.config
  if (vocabSize === own.vocabSize) return true
  const published = publishedVocabulary(own)
  return (
    typeof vocabSize === 'number' &&
    published !== undefined &&
    published === publishedVocabulary({ ...lender, vocabSize, nMels: melsIn(lender.config) })
  )
}

const ENGLISH_EOT = 50256

function parseFields(file: string, json: JsonObject | undefined): Fields {
  const parsed = fieldsSchema.safeParse(json ?? {})
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new CheckpointCorruptError(file, `${issue?.path.join('.')}: ${issue?.message}`)
}

/** Our names of the special tokens, and how tokenizers write them. */
const SPECIAL_TOKENS = {
  eot: ['<|endoftext|>'],
  sot: ['<|startoftranscript|>'],
  translate: ['<|translate|>'],
  transcribe: ['<|transcribe|>'],
  sotLm: ['<|startoflm|>'],
  sotPrev: ['<|startofprev|>'],
  noSpeech: ['<|nospeech|>', '<|nocaptions|>'],
  noTimestamps: ['<|notimestamps|>'],
  timestampBegin: ['<|0.00|>'],
} as const
type SpecialIds = Pick<GenerationConfig, keyof typeof SPECIAL_TOKENS>

/**
 * The ids that the tokenizer has. The checkpoint's own is believed where the vocabulary is of no published size, or where it has
 * a token for the last row, so that it must have been made for it. Else it may not contradict what the rest of the
 * checkpoint says.
 */
function specialIds(sources: GenerationSources): SpecialIds {
  const { tokenIds, generation, config, shape } = sources
  const { vocabSize } = shape
  const isLent = sources.processor !== undefined
  const lastId = Math.max(-1, ...tokenIds.values())
  const isBelieved = !isLent && (lastId === vocabSize - 1 || !isPublishedSize(vocabSize))
  const published = isBelieved ? undefined : publishedVocabulary({ generation, config, ...shape })
  const standard = published && standardLayout(published)
  const found: Partial<Record<keyof SpecialIds, number>> = {}
  for (const [name, spellings] of Object.entries(SPECIAL_TOKENS)) {
    const id = spellings.map((spelling) => tokenIds.get(spelling)).find((known) => known !== undefined)
    const standardId = standard?.get(spellings[0])
    if (id === undefined) throw foreignTokenizer(`its tokenizer has no token ${spellings[0]}`)
    if (standardId !== undefined && id !== standardId) {
      throw foreignTokenizer(
        `its tokenizer has ${spellings[0]} at ${id}, its vocabulary of ${vocabSize} at ${standardId}`,
      )
    }
    found[name as keyof SpecialIds] = id // the keys of SPECIAL_TOKENS, by its own type
  }
  const special = found as SpecialIds // every key was set, or an error thrown
  const { timestampBegin, noTimestamps } = special
  if (timestampBegin !== noTimestamps + 1 || timestampBegin + TIMESTAMP_TOKENS > vocabSize) {
    throw foreignTokenizer(`its ${TIMESTAMP_TOKENS} timestamp tokens do not follow ${SPECIAL_TOKENS.noTimestamps[0]}`)
  }
  return special
}

/** What stands behind the timestamps. */
function addedTokens(
  { textIds = new Set(), shape }: GenerationSources,
  begin: number,
): Pick<GenerationConfig, 'addedText' | 'unsaid'> {
  const added = Array.from({ length: shape.vocabSize - begin }, (_, i) => begin + i)
  return {
    addedText: new Set(added.filter((id) => textIds.has(id))),
    unsaid: added.filter((id) => !textIds.has(id)),
  }
}

function foreignTokenizer(what: string): CheckpointUnsupportedError {
  return new CheckpointUnsupportedError(what, "Use the tokenizer files of the model's own repository or base model.")
}

/** The tokens between sot and translate, and what lang_to_id adds to them (`"<|pt|>": 50267`). */
function languageIds(
  tokenIds: ReadonlyMap<string, number>,
  sot: number,
  translate: number,
  langToId: Readonly<Record<string, number>>,
): Map<string, number> {
  const known = new Map<string, number>()
  for (const [token, id] of tokenIds) {
    const code = /^<\|([a-z]{2,3})\|>$/.exec(token)?.[1]
    const isLanguage = code !== undefined && ((id > sot && id < translate) || langToId[token] === id)
    if (isLanguage) known.set(code, id)
  }
  return new Map([...known].sort(([, a], [, b]) => a - b))
}

function expand(list: readonly number[] | null | undefined, standard: readonly number[], vocabSize: number): number[] {
  const expanded = (list ?? standard).flatMap((id) => (id === -1 ? standard : [id]))
  return [...new Set(expanded)].filter((id) => id >= 0 && id < vocabSize)
}

/** A distilled decoder often carries its teacher's heads; those in layers that it lacks are dropped. */
function existingHeads(
  heads: readonly (readonly [number, number])[],
  { decoderLayers, decoderHeads }: Pick<ModelShape, 'decoderLayers' | 'decoderHeads'>,
): readonly (readonly [number, number])[] | undefined {
  const existing = heads.filter(
    ([layer, head]) => layer >= 0 && layer < decoderLayers && head >= 0 && head < decoderHeads,
  )
  return existing.length > 0 ? existing : undefined
}
