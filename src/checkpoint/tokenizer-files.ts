/** The tokenizer of a checkpoint in the form of tokenizer.json, whichever files it came from. */

import { z } from 'zod'
import { CheckpointCorruptError, CheckpointFileMissingError } from '../errors/index.ts'
import { TIMESTAMP_TOKENS } from '../whisper-constants.ts'
import {
  type Merge,
  mergesOfVocabulary,
  parseMerges,
  toMerge,
  type Vocabulary,
  withFirstMerge,
} from './byte-pair-merges.ts'
import { isJsonObject, type JsonObject, readJsonFile, readJsonObject, readTextFile } from './json-file.ts'
import { publishedVocabulary, type VocabularyFacts } from './published-vocabulary.ts'
import { standardLayout, timestampToken } from './special-tokens.ts'
import type { TokenizerFiles } from './types.ts'

/** A tokenizer and the ids of its added tokens, timestamps included. */
export interface ReadTokenizer {
  readonly files: TokenizerFiles
  readonly tokenIds: ReadonlyMap<string, number>
  /** Those of them that stand for text: words that a fine-tune has added. */
  readonly textIds: ReadonlySet<number>
}

/** As many as a vocabulary may have (`model-shape.ts`); published ones have 51,866. */
const MAX_TOKENS = 1_000_000
/** Published ones have 1,609. */
const MAX_ADDED_TOKENS = 20_000

/** By hand: a schema for each of fifty thousand entries takes 0.1 s of every load. */
const vocabularySchema = z.custom<Record<string, number>>(isVocabulary, 'Invalid input: expected ids by token')
const mergesSchema = z.custom<(string | Merge)[]>(areMerges, 'Invalid input: expected pairs of tokens')

function isVocabulary(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value).every(isTokenId)
}

function isTokenId(id: unknown): boolean {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < MAX_TOKENS
}

function areMerges(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_TOKENS && value.every(isMerge)
}

function isMerge(merge: unknown): boolean {
  if (typeof merge === 'string') return /^\S+ \S+$/.test(merge)
  return Array.isArray(merge) && merge.length === 2 && merge.every((token) => typeof token === 'string')
}

const addedTokenSchema = z.looseObject({ id: z.int().nonnegative().max(MAX_TOKENS), content: z.string() })
type AddedToken = z.infer<typeof addedTokenSchema>
/** Counted first, since a schema looks at each. */
const addedTokensSchema = z
  .custom<z.input<typeof addedTokenSchema>[]>(
    (value) => Array.isArray(value) && value.length <= MAX_ADDED_TOKENS,
    `Invalid input: expected at most ${MAX_ADDED_TOKENS} tokens`,
  )
  .pipe(z.array(addedTokenSchema))
const tokenizerSchema = z.looseObject({
  added_tokens: addedTokensSchema,
  model: z.looseObject({
    type: z.literal('BPE').optional(), // old files do not say it
    vocab: vocabularySchema,
    merges: mergesSchema,
  }),
})

/**
 * The tokenizer from tokenizer.json, else from vocab.json and merges.txt, else from CTranslate2's vocabulary alone;
 * with the defects of known files repaired, and with tokens that were added in another of the files.
 *
 * @param said  what the checkpoint's other files say of its vocabulary, for a tokenizer that leaves tokens out.
 * @throws {CheckpointFileMissingError} when the folder has none of them.
 * @throws {CheckpointCorruptError} when one is not of its documented form.
 */
export async function readTokenizer(
  folder: string,
  vocabSize: number,
  said: Pick<VocabularyFacts, 'generation' | 'config' | 'nMels'> = { generation: undefined, config: undefined },
): Promise<ReadTokenizer> {
  const config = (await readJsonObject(folder, 'tokenizer_config.json')) ?? {}
  const tokenizer = (await readTokenizerJson(folder)) ?? (await buildTokenizerJson(folder))
  const { model } = tokenizer
  const isNamed = namedIn(config)
  const elsewhere = await tokensElsewhere(folder, config, isNamed)
  const stated = withTokensElsewhere(tokenizer.added_tokens, model.vocab, elsewhere)
  const added_tokens = withMissingTokens(stated.map(asText), model.vocab, { ...said, vocabSize })
  const merges = withFirstMerge(model.merges.map(toMerge), model.vocab)
  return {
    files: { tokenizer: { ...tokenizer, added_tokens, model: { ...model, merges } }, config },
    tokenIds: new Map(added_tokens.map(({ content, id }) => [content, id])),
    textIds: new Set(added_tokens.filter((token) => isText(token) && !isNamed(token.content)).map(({ id }) => id)),
  }
}

async function readTokenizerJson(folder: string): Promise<z.infer<typeof tokenizerSchema> | undefined> {
  const json = await readJsonObject(folder, 'tokenizer.json')
  return json && parse('tokenizer.json', tokenizerSchema, json)
}

async function buildTokenizerJson(folder: string): Promise<z.infer<typeof tokenizerSchema>> {
  const { file, vocab } = await readVocabulary(folder)
  const mergesText = await readTextFile(folder, 'merges.txt')
  const merges: Merge[] = mergesText === undefined ? mergesOfVocabulary(vocab, file) : parseMerges(mergesText)
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: controlTokensIn(vocab),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab,
      merges: merges.map(([a, b]) => [a, b]),
    },
  }
}

/** vocab.json maps tokens to ids; CTranslate2's vocabulary.json and vocabulary.txt list them in order. */
async function readVocabulary(folder: string): Promise<{ readonly file: string; readonly vocab: Vocabulary }> {
  const vocab = await readJsonObject(folder, 'vocab.json')
  if (vocab) return { file: 'vocab.json', vocab: parse('vocab.json', vocabularySchema, vocab) }
  const list = await readJsonFile(folder, 'vocabulary.json')
  if (list !== undefined) return { file: 'vocabulary.json', vocab: byIndex('vocabulary.json', list) }
  const text = await readTextFile(folder, 'vocabulary.txt')
  if (text !== undefined) {
    const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
    return { file: 'vocabulary.txt', vocab: byIndex('vocabulary.txt', lines) }
  }
  throw new CheckpointFileMissingError(
    'a tokenizer (tokenizer.json, or vocab.json with merges.txt)',
    "Put the tokenizer files of the model or of its base model into the folder, or name their repository as 'tokenizer'.",
  )
}

function byIndex(file: string, tokens: unknown): Record<string, number> {
  const isList =
    Array.isArray(tokens) && tokens.length <= MAX_TOKENS && tokens.every((token) => typeof token === 'string')
  if (!isList) throw new CheckpointCorruptError(file, `it is no list of at most ${MAX_TOKENS} tokens`)
  return Object.fromEntries((tokens as string[]).map((token, id) => [token, id]))
}

/**
 * What a vocabulary has beside the products of merges, which all lie below the end of text: special tokens, timestamps, and in
 * CTranslate2's lists the tokens that were added.
 */
function controlTokensIn(vocabulary: Vocabulary): AddedToken[] {
  const eot = vocabulary['<|endoftext|>'] ?? Number.POSITIVE_INFINITY
  return Object.entries(vocabulary)
    .filter(([token, id]) => id >= eot || isControl(token))
    .map(([content, id]) => addedToken(content, id))
}

/** Tokens that stand in added_tokens.json or tokenizer_config.json; some tools write a new token there alone. */
async function tokensElsewhere(
  folder: string,
  config: JsonObject,
  isNamed: (token: string) => boolean,
): Promise<AddedToken[]> {
  const tokens = new Map<number, AddedToken>()
  const added = (await readJsonObject(folder, 'added_tokens.json')) ?? {}
  for (const [content, id] of Object.entries(parse('added_tokens.json', vocabularySchema, added))) {
    tokens.set(id, addedToken(content, id, isNamed(content) || isSpecial(content)))
  }
  const decoder = isJsonObject(config.added_tokens_decoder) ? config.added_tokens_decoder : {}
  for (const [id, token] of Object.entries(decoder)) {
    if (!isJsonObject(token) || typeof token.content !== 'string' || !/^\d{1,6}$/.test(id)) continue
    const special =
      typeof token.special === 'boolean' ? token.special : isNamed(token.content) || isSpecial(token.content)
    tokens.set(Number(id), addedToken(token.content, Number(id), special))
  }
  return [...tokens.values()]
}

/** Whether tokenizer_config.json names a token for a purpose, such as `pad_token`. */
function namedIn(config: JsonObject): (token: string) => boolean {
  const purposes = Object.entries(config).filter(([key]) => /_tokens?$/.test(key))
  const named = purposes.flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
  const contents = new Set(named.map((token) => (isJsonObject(token) ? token.content : token)))
  return (token) => contents.has(token)
}

/** The tokenizer's own tokens, and those from elsewhere that contradict neither them nor the vocabulary. */
function withTokensElsewhere(
  own: readonly AddedToken[],
  vocabulary: Vocabulary,
  elsewhere: readonly AddedToken[],
): AddedToken[] {
  const named = new Set(own.map(({ content }) => content))
  const taken = new Set(own.map(({ id }) => id))
  const isNew = ({ content, id }: AddedToken) =>
    !named.has(content) && !taken.has(id) && (vocabulary[content] ?? id) === id
  return [...own, ...elsewhere.filter(isNew)].sort((a, b) => a.id - b.id)
}

/** Spelt as Whisper's own special tokens and timestamps are. */
function isControl(token: string): boolean {
  return /^<\|[^|]+\|>$/.test(token)
}

/** A token may be marked as text that is spelt like a special one: so does everyone who adds `<|pad|>` and says no more. */
function isText({ content, special }: AddedToken): boolean {
  return (special ?? isSpecial(content)) !== true && !isControl(content)
}

/** A word that was added as the vocabulary writes it, with `Ġ` for its space. */
function asText(token: AddedToken): AddedToken {
  return isText(token) && token.content.startsWith('Ġ') ? { ...token, content: ` ${token.content.slice(1)}` } : token
}

/** Adds Whisper's special tokens and, in files older than those, the timestamps that the vocabulary has room for. */
function withMissingTokens(
  tokens: readonly AddedToken[],
  vocabulary: Vocabulary,
  facts: VocabularyFacts,
): AddedToken[] {
  const named = new Set(tokens.map(({ content }) => content))
  const taken = new Set(tokens.map(({ id }) => id))
  const missing: AddedToken[] = []
  for (const [content, id] of expectedTokens(tokens, facts)) {
    const elsewhere = vocabulary[content] !== undefined && vocabulary[content] !== id
    if (!named.has(content) && !taken.has(id) && !elsewhere) missing.push(addedToken(content, id))
  }
  return [...tokens, ...missing]
}

/** Those of the published vocabulary that the tokens are from; where they are from none, its timestamps alone. */
function expectedTokens(tokens: readonly AddedToken[], facts: VocabularyFacts): Iterable<readonly [string, number]> {
  const tokenIds = new Map(tokens.map(({ content, id }) => [content, id]))
  const published = publishedVocabulary({ ...facts, tokenIds })
  const standard = published && standardLayout(published)
  const noTimestamps = tokenIds.get('<|notimestamps|>')
  if (standard && (noTimestamps ?? standard.get('<|notimestamps|>')) === standard.get('<|notimestamps|>'))
    return standard
  if (noTimestamps === undefined) return []
  return Array.from({ length: TIMESTAMP_TOKENS }, (_, i) => [timestampToken(i), noTimestamps + 1 + i] as const)
}

/** As published: timestamps are added tokens, but not "special" ones. */
function addedToken(content: string, id: number, special = isSpecial(content)): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }
}

/** By its spelling, where nothing else tells: `<|pad|>`, `<pad>` and `[PAD]`, but no timestamp. */
function isSpecial(token: string): boolean {
  return /^(<[^<>]+>|\[[A-Z]+\])$/.test(token) && !/^<\|\d+\.\d\d\|>$/.test(token)
}

function parse<T extends z.ZodType>(file: string, schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new CheckpointCorruptError(file, `${issue?.path.join('.') || 'its content'}: ${issue?.message}`)
}
