import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Tokenizer } from '@huggingface/tokenizers'
import { writeJson } from '../../test/helpers/builders/checkpoint-builder.ts'
import { byteSymbols, standardTokenizer } from '../../test/helpers/builders/tokenizer-builder.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { CheckpointCorruptError, CheckpointFileMissingError } from '../errors/index.ts'
import { standardLayout } from './special-tokens.ts'
import { type ReadTokenizer, readTokenizer } from './tokenizer-files.ts'

const V = 51865
const MERGES = ['Ġ t', 'h e', 'Ġt he', 'Ã §']

/** 256 bytes, the merged tokens, fillers up to the special ones. */
function vocabulary(): Record<string, number> {
  const tokens = [...byteSymbols(), ...MERGES.map((merge) => merge.replace(' ', ''))]
  while (tokens.length < 50257) tokens.push(`Ġw${tokens.length}`)
  return Object.fromEntries(tokens.map((token, id) => [token, id]))
}

/** tokenizer.json with these merges and vocabulary, and only the special tokens that `keep` lets pass. */
function tokenizerJson(merges: unknown[], keep = (_id: number) => true): Record<string, unknown> {
  const json = standardTokenizer(V)
  const added_tokens = (json.added_tokens as { id: number }[]).filter(({ id }) => keep(id)) // as the helper builds it
  return { ...json, added_tokens, model: { ...(json.model as object), vocab: vocabulary(), merges } }
}

function idsOf({ files }: ReadTokenizer, text: string): number[] {
  return new Tokenizer(files.tokenizer, files.config).encode(text, { add_special_tokens: false }).ids
}

test('the library builds a working tokenizer from tokenizer.json, whichever form its merges have', async (t) => {
  for (const merges of [MERGES, MERGES.map((merge) => merge.split(' '))]) {
    const folder = tempFolder(t)
    writeJson(join(folder, 'tokenizer.json'), tokenizerJson(merges))
    const tokenizer = await readTokenizer(folder, V)
    assert.deepEqual(idsOf(tokenizer, ' the'), [258])
    const text = ' ação é não, ß 日本 🎧'
    const library = new Tokenizer(tokenizer.files.tokenizer, tokenizer.files.config)
    assert.equal(library.decode(idsOf(tokenizer, text)), text)
    assert.deepEqual(idsOf(tokenizer, '<|startoftranscript|><|pt|><|0.00|>'), [50258, 50267, 50364])
  }
})

test('a tokenizer.json that lost its first merge gets it back', async (t) => {
  const folder = tempFolder(t)
  writeJson(join(folder, 'tokenizer.json'), tokenizerJson(MERGES.slice(1)))
  assert.deepEqual(idsOf(await readTokenizer(folder, V), ' the'), [258])
})

test('an old tokenizer.json gets the timestamp tokens that it lacks', async (t) => {
  const folder = tempFolder(t)
  writeJson(
    join(folder, 'tokenizer.json'),
    tokenizerJson(MERGES, (id) => id < 50364),
  )
  const tokenizer = await readTokenizer(folder, V)
  assert.deepEqual(tokenizer.tokenIds, standardLayout(V))
  assert.deepEqual(idsOf(tokenizer, '<|0.00|><|29.98|><|30.00|>'), [50364, 51863, 51864])
})

test('a vocabulary of another size gets its timestamps behind <|notimestamps|>', async (t) => {
  const folder = tempFolder(t)
  writeJson(
    join(folder, 'tokenizer.json'),
    tokenizerJson(MERGES, (id) => id < 50364),
  )
  const { tokenIds } = await readTokenizer(folder, 51872)
  assert.equal(tokenIds.get('<|30.00|>'), 51864)
})

test('tokens that are there are neither moved nor doubled', async (t) => {
  const folder = tempFolder(t)
  const json = tokenizerJson(MERGES)
  const old = JSON.parse(JSON.stringify(json).replace('<|nospeech|>', '<|nocaptions|>'))
  writeJson(join(folder, 'tokenizer.json'), old)
  const { tokenIds, files } = await readTokenizer(folder, V)
  assert.equal(tokenIds.get('<|nocaptions|>'), 50362)
  assert.equal(tokenIds.has('<|nospeech|>'), false)
  assert.equal((files.tokenizer.added_tokens as unknown[]).length, 1608)
})

test('vocab.json with merges.txt gives the same ids as tokenizer.json', async (t) => {
  const folder = tempFolder(t)
  writeJson(join(folder, 'vocab.json'), { ...vocabulary(), '<|endoftext|>': 50257 })
  writeFileSync(join(folder, 'merges.txt'), `#version: 0.2\n${MERGES.join('\n')}\n`)
  writeJson(join(folder, 'added_tokens.json'), { '<|startoftranscript|>': 50258, '<|en|>': 50259 })
  const tokenizer = await readTokenizer(folder, V)
  assert.deepEqual(idsOf(tokenizer, ' the ação<|endoftext|>'), [258, 220, 64, 259, 127, 96, 78, 50257])
  assert.deepEqual(tokenizer.tokenIds, standardLayout(V))
})

test("CTranslate2's list of tokens is enough, as JSON or as text", async (t) => {
  const tokens = [...Object.keys(vocabulary()), ...standardLayout(V)!.keys()]
  for (const [name, text] of [
    ['vocabulary.json', JSON.stringify(tokens)],
    ['vocabulary.txt', `${tokens.join('\n')}\n`],
  ] as const) {
    const folder = tempFolder(t)
    writeFileSync(join(folder, name), text)
    const tokenizer = await readTokenizer(folder, V)
    assert.deepEqual(idsOf(tokenizer, ' the<|pt|>'), [258, 50267], name)
    assert.deepEqual(tokenizer.tokenIds, standardLayout(V), name)
  }
})

test('tokenizer_config.json is handed on, and may name added tokens', async (t) => {
  const folder = tempFolder(t)
  writeJson(join(folder, 'vocab.json'), vocabulary())
  const config = { tokenizer_class: 'WhisperTokenizer', added_tokens_decoder: { 51865: { content: '<|gn|>' } } }
  writeJson(join(folder, 'tokenizer_config.json'), config)
  const { files, tokenIds } = await readTokenizer(folder, V)
  assert.deepEqual(files.config, config)
  assert.equal(tokenIds.get('<|gn|>'), 51865)
})

const ADDED = 51865

test('tokens that were added are text unless something says that they are special', async (t) => {
  const folder = tempFolder(t)
  const tokens = [' country', 'Ġação', { content: '<|pad|>', special: false }, { content: '[UNK]', special: true }]
  const added = [...tokens, { content: '<pad>', special: false }]
  writeJson(join(folder, 'tokenizer.json'), standardTokenizer(V, added))
  writeJson(join(folder, 'tokenizer_config.json'), { pad_token: '<pad>' })
  const { textIds, tokenIds } = await readTokenizer(folder, V + 5)
  assert.deepEqual([...textIds], [ADDED, ADDED + 1])
  assert.equal(tokenIds.get(' ação'), ADDED + 1)
  assert.equal(tokenIds.get('<|pad|>'), ADDED + 2)
})

test('tokens that stand in added_tokens.json alone belong to tokenizer.json too', async (t) => {
  const folder = tempFolder(t)
  writeJson(join(folder, 'tokenizer.json'), standardTokenizer(V))
  const added = { '<|pad|>': ADDED, ' country': ADDED + 1, '<|pt|>': 7, elsewhere: 50257 }
  writeJson(join(folder, 'added_tokens.json'), added)
  const { textIds, tokenIds } = await readTokenizer(folder, V + 2)
  assert.equal(tokenIds.get('<|pad|>'), ADDED)
  assert.deepEqual([...textIds], [ADDED + 1])
  assert.equal(tokenIds.get('<|pt|>'), 50267, 'tokenizer.json is believed')
  assert.equal(tokenIds.has('elsewhere'), false, 'its place is taken')
})

test('added tokens come from vocab.json with merges.txt, and from the lists of CTranslate2', async (t) => {
  const [saved, converted] = [tempFolder(t), tempFolder(t)]
  writeJson(join(saved, 'vocab.json'), { ...vocabulary(), '<|endoftext|>': 50257 })
  writeFileSync(join(saved, 'merges.txt'), MERGES.join('\n'))
  writeJson(join(saved, 'added_tokens.json'), { '<|translate|>': 50358, '<|pad|>': ADDED, ' country': ADDED + 1 })
  const tokens = [...Object.keys(vocabulary()), ...standardLayout(V).keys(), '<|pad|>', ' country']
  writeJson(join(converted, 'vocabulary.json'), tokens)
  for (const folder of [saved, converted]) {
    const { textIds, tokenIds } = await readTokenizer(folder, V + 7)
    assert.deepEqual(tokenIds, new Map([...standardLayout(V), ['<|pad|>', ADDED], [' country', ADDED + 1]]))
    assert.deepEqual([...textIds], [ADDED + 1])
  }
})

test("a tokenizer that leaves tokens out gets those of the checkpoint's vocabulary, whatever its size", async (t) => {
  const folder = tempFolder(t)
  writeJson(join(folder, 'vocab.json'), vocabulary())
  for (const [vocabSize, published, nMels] of [
    [51866, 51865, 80],
    [51872, 51865, 80],
    [51872, 51866, 128],
    [51866, 51866, 128],
  ] as const) {
    const said = { generation: undefined, config: undefined, nMels }
    assert.deepEqual((await readTokenizer(folder, vocabSize, said)).tokenIds, standardLayout(published))
  }
})

test('a folder without a tokenizer says what to look for', async (t) => {
  await assert.rejects(readTokenizer(tempFolder(t), V), (error: unknown) => {
    assert.ok(error instanceof CheckpointFileMissingError)
    assert.match(error.message, /tokenizer\.json/)
    return true
  })
})

test('files that are not what their name says are refused by name', async (t) => {
  for (const [name, text] of [
    ['tokenizer.json', '{"added_tokens": []'],
    ['tokenizer.json', '[]'],
    ['tokenizer.json', '{"added_tokens": [], "model": {"type": "Unigram", "vocab": {}, "merges": []}}'],
    ['tokenizer.json', '{"added_tokens": [], "model": {"type": "BPE", "vocab": {"a": "b"}, "merges": []}}'],
    ['tokenizer.json', '{"added_tokens": [], "model": {"type": "BPE", "vocab": {}, "merges": ["ab"]}}'],
    ['vocab.json', '{"a": -1}'],
    ['vocabulary.json', '{"a": 1}'],
  ] as const) {
    const folder = tempFolder(t)
    writeFileSync(join(folder, name), text)
    await assert.rejects(readTokenizer(folder, V), (error: unknown) => {
      assert.ok(error instanceof CheckpointCorruptError, `${text}: ${error}`)
      assert.ok(error.message.includes(`'${name}'`))
      return true
    })
  }
})
