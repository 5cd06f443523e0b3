import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CheckpointCorruptError, CheckpointUnsupportedError } from '../errors/index.ts'
import { LANGUAGE_CODES } from '../language-table.ts'
import { generationConfig } from './generation-config.ts'
import type { JsonObject } from './json-file.ts'
import { NON_SPEECH_ENGLISH, NON_SPEECH_MULTILINGUAL, standardLayout } from './special-tokens.ts'
import type { GenerationConfig } from './types.ts'

interface Given {
  readonly generation?: JsonObject
  readonly config?: JsonObject
  readonly vocabSize?: number
  readonly decoderLayers?: number
  readonly tokenIds?: ReadonlyMap<string, number>
  readonly textIds?: ReadonlySet<number>
  readonly nMels?: number
  readonly processor?: { readonly generation: JsonObject; readonly config: JsonObject }
}

function configOf({ vocabSize = 51865, decoderLayers = 6, nMels, tokenIds, ...sources }: Given): GenerationConfig {
  const shape = { vocabSize, dModel: 512, decoderLayers, decoderHeads: 8, ...(nMels !== undefined && { nMels }) }
  return generationConfig({
    generation: undefined,
    config: undefined,
    ...sources,
    tokenIds: tokenIds ?? standardLayout(vocabSize) ?? new Map(),
    shape,
  })
}

test('the standard values of a multilingual vocabulary stand in for missing files', () => {
  const config = configOf({})
  assert.equal(config.isMultilingual, true)
  const { eot, sot, translate, transcribe, sotLm, sotPrev, noSpeech, noTimestamps, timestampBegin } = config
  assert.deepEqual([eot, sot, translate, transcribe], [50257, 50258, 50358, 50359])
  assert.deepEqual([sotLm, sotPrev, noSpeech, noTimestamps, timestampBegin], [50360, 50361, 50362, 50363, 50364])
  assert.equal(config.languageIds.size, 99)
  assert.equal(config.languageIds.get('pt'), 50267)
  // openai/whisper-base on the hub, generation_config.json.
  const special = [50258, 50358, 50359, 50360, 50361, 50362]
  assert.deepEqual(config.suppressTokens, [...NON_SPEECH_MULTILINGUAL, ...special])
  assert.deepEqual(config.beginSuppressTokens, [220, 50257])
  assert.equal(config.alignmentHeads, undefined)
})

const LENDER = {
  config: { vocab_size: 51865, decoder_layers: 6, decoder_attention_heads: 8, d_model: 512 },
  generation: { alignment_heads: [[3, 1]], suppress_tokens: [7], begin_suppress_tokens: [8] },
}

test('what a checkpoint does not say comes from the lender of its tokenizer, and nothing that it says', () => {
  // As LiteASR's files are: one list in one of them, null in the other.
  const own = { generation: { begin_suppress_tokens: [220, 50257] }, config: { begin_suppress_tokens: null } }
  const config = configOf({ ...own, processor: LENDER })
  assert.deepEqual(config.alignmentHeads, [[3, 1]])
  assert.deepEqual(config.suppressTokens, [7])
  assert.deepEqual(config.beginSuppressTokens, [220, 50257])
})

test('a lender with another decoder lends no heads, one with another vocabulary lends nothing', () => {
  for (const other of [{ decoder_layers: 4 }, { decoder_attention_heads: 20 }, { d_model: 1280 }]) {
    const config = configOf({ processor: { ...LENDER, config: { ...LENDER.config, ...other } } })
    assert.equal(config.alignmentHeads, undefined)
    assert.deepEqual(config.suppressTokens, [7])
  }
  const config = configOf({ processor: { ...LENDER, config: { ...LENDER.config, vocab_size: 51866 } } })
  assert.deepEqual(config, configOf({}))
})

test('large-v3 has Cantonese, which moves everything behind the languages by one', () => {
  const config = configOf({ vocabSize: 51866 })
  assert.equal(config.languageIds.size, 100)
  assert.equal(config.languageIds.get('yue'), 50358)
  const { translate, transcribe, noSpeech, noTimestamps, timestampBegin } = config
  assert.deepEqual([translate, transcribe, noSpeech, noTimestamps], [50359, 50360, 50363, 50364])
  assert.equal(timestampBegin, 50365)
})

test('an English-only vocabulary has no languages and its own suppress list', () => {
  const config = configOf({ vocabSize: 51864 })
  assert.equal(config.isMultilingual, false)
  assert.equal(config.languageIds.size, 0)
  assert.deepEqual([config.eot, config.sot, config.noTimestamps], [50256, 50257, 50362])
  // openai/whisper-base.en on the hub, generation_config.json.
  const special = [50257, 50357, 50358, 50359, 50360, 50361]
  assert.deepEqual(config.suppressTokens, [...NON_SPEECH_ENGLISH, ...special])
  assert.deepEqual(config.beginSuppressTokens, [220, 50256])
})

test('the languages of OpenAI are there in its order', () => {
  assert.equal(LANGUAGE_CODES.length, 100)
  assert.equal(new Set(LANGUAGE_CODES).size, 100)
  assert.deepEqual([...configOf({ vocabSize: 51866 }).languageIds.keys()], LANGUAGE_CODES)
})

test('generation_config.json is asked first, then config.json, under either name', () => {
  const listed = { generation: { suppress_tokens: [5] }, config: { suppress_tokens: [6] } }
  assert.deepEqual(configOf(listed).suppressTokens, [5])
  assert.deepEqual(configOf({ generation: {}, config: { suppress_tokens: [6] } }).suppressTokens, [6])
  const converted = { config: { suppress_ids: [7], suppress_ids_begin: [8], alignment_heads: [[1, 2]] } }
  assert.deepEqual(configOf(converted).suppressTokens, [7])
  assert.deepEqual(configOf(converted).beginSuppressTokens, [8])
  assert.deepEqual(configOf(converted).alignmentHeads, [[1, 2]])
})

test('an empty list suppresses nothing; -1, null and absence mean the standard list', () => {
  const standard = configOf({}).suppressTokens
  assert.deepEqual(configOf({ generation: { suppress_tokens: [] } }).suppressTokens, [])
  assert.deepEqual(configOf({ generation: { suppress_tokens: [-1] } }).suppressTokens, standard)
  assert.deepEqual(configOf({ generation: { suppress_tokens: [-1, 5] } }).suppressTokens, [...standard, 5])
  assert.deepEqual(configOf({ generation: { suppress_tokens: null } }).suppressTokens, standard)
})

test('ids that the vocabulary does not have are dropped from the lists', () => {
  assert.deepEqual(configOf({ generation: { suppress_tokens: [5, 60000, -7, 5] } }).suppressTokens, [5])
})

test('alignment heads of layers or heads that the decoder lacks are dropped', () => {
  const alignment_heads = [
    [1, 2],
    [7, 0],
    [0, 8],
    [-1, 0],
    [0, 7],
  ]
  const heads = configOf({ generation: { alignment_heads }, decoderLayers: 2 }).alignmentHeads
  assert.deepEqual(heads, [
    [1, 2],
    [0, 7],
  ])
  assert.equal(configOf({ generation: { alignment_heads: [[31, 4]] }, decoderLayers: 2 }).alignmentHeads, undefined)
})

test('a language that was added behind the vocabulary is known by lang_to_id', () => {
  const tokenIds = new Map([...standardLayout(51865)!, ['<|gn|>', 51865]])
  const generation = { lang_to_id: { '<|gn|>': 51865 } }
  const { languageIds } = configOf({ vocabSize: 51866 + 2, tokenIds, generation })
  assert.equal(languageIds.get('gn'), 51865)
  assert.equal(languageIds.size, 100)
})

test('a vocabulary of another size takes all ids from its tokenizer', () => {
  const tokenIds = standardLayout(51865)!
  assert.equal(configOf({ vocabSize: 51872, tokenIds }).transcribe, 50359)
  assert.throws(() => configOf({ vocabSize: 51872, tokenIds: new Map() }), CheckpointUnsupportedError)
})

test('one token more makes no other model of it', () => {
  for (const [size, transcribe, isMultilingual] of [
    [51865, 50359, true],
    [51864, 50358, false],
  ] as const) {
    const tokenIds = new Map([...standardLayout(size), ['<|pad|>', size]])
    const config = configOf({ vocabSize: size + 1, tokenIds })
    assert.equal(config.transcribe, transcribe)
    assert.equal(config.isMultilingual, isMultilingual)
    assert.deepEqual([...config.languageIds.keys()], isMultilingual ? LANGUAGE_CODES.slice(0, 99) : [])
    assert.deepEqual(config.unsaid, [size])
    assert.equal(config.addedText.size, 0)
  }
})

test('a row without a token is accepted where the checkpoint says which vocabulary it has', () => {
  const tokenIds = standardLayout(51865)
  assert.equal(configOf({ vocabSize: 51866, tokenIds, nMels: 80 }).timestampBegin, 50364)
  const generation = { no_timestamps_token_id: 50363 }
  assert.equal(configOf({ vocabSize: 51866, tokenIds, generation }).timestampBegin, 50364)
  assert.throws(() => configOf({ vocabSize: 51866, tokenIds, nMels: 128 }), CheckpointUnsupportedError)
})

test('a borrowed tokenizer may not contradict what the checkpoint says', () => {
  const generation = { no_timestamps_token_id: 50363 }
  const processor = { generation: {}, config: { vocab_size: 51866 } }
  for (const vocabSize of [51866, 51872]) {
    const given = { vocabSize, generation, processor, tokenIds: standardLayout(51866) }
    assert.throws(() => configOf(given), CheckpointUnsupportedError)
    assert.equal(configOf({ ...given, tokenIds: standardLayout(51865) }).noTimestamps, 50363)
  }
})

test('a lender of the same published vocabulary lends to one with added tokens', () => {
  const tokenIds = new Map([...standardLayout(51865), ['<|pad|>', 51865]])
  const config = configOf({ vocabSize: 51866, nMels: 80, tokenIds, processor: LENDER })
  assert.deepEqual(config.alignmentHeads, [[3, 1]])
  assert.deepEqual(config.suppressTokens, [7])
})

test('behind the timestamps text is told from what is never said', () => {
  const added = [' country', '<|pad|>', ' ação'].map((token, i) => [token, 51865 + i] as const)
  const tokenIds = new Map([...standardLayout(51865), ...added])
  const { addedText, unsaid } = configOf({ vocabSize: 51870, tokenIds, textIds: new Set([51865, 51867]) })
  assert.deepEqual([...addedText], [51865, 51867])
  assert.deepEqual(unsaid, [51866, 51868, 51869])
})

test('the older spelling of the no-speech token is understood', () => {
  const tokenIds = new Map(
    [...standardLayout(51865)!].map(([token, id]) => [token.replace('nospeech', 'nocaptions'), id]),
  )
  assert.equal(configOf({ tokenIds }).noSpeech, 50362)
})

test("a tokenizer of another vocabulary's layout is refused", () => {
  const error = (thrown: unknown) => {
    assert.ok(thrown instanceof CheckpointUnsupportedError)
    assert.match(thrown.message, /<\|translate\|> at 50358, its vocabulary of 51866 at 50359/)
    return true
  }
  assert.throws(() => configOf({ vocabSize: 51866, tokenIds: standardLayout(51865)! }), error)
})

test('a field of another type is named', () => {
  const generation = { alignment_heads: [[1, 2, 3]] }
  assert.throws(() => configOf({ generation }), CheckpointCorruptError)
  assert.throws(() => configOf({ config: { suppress_ids: 'all' } }), /suppress_ids/)
})
