/** Whisper base as others save it: PyTorch's own file, and a vocabulary with tokens of their own; it says what it said. */

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { hubConfig, type LazyTensor, writeJson } from '../helpers/builders/checkpoint-builder.ts'
import { writePytorch, writeShardedPytorch } from '../helpers/builders/pytorch-builder.ts'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { baseFolder, cacheFolder, linkCompiled } from '../helpers/data/real-models.ts'
import { noSpeech, spoken } from '../helpers/data/spoken.ts'
import { paradox } from '../helpers/rigs/command-line.ts'

const base = baseFolder()

/** Behind base's 51865 tokens; five rows more, of which the last two stand for nothing. */
const [ADDED, ADDED_AT, ROWS] = [['<|pad|>', '[NEW]'], 51867, 51870] as const

interface Answer {
  readonly text: string
  readonly segments: readonly { readonly tokens: readonly number[]; readonly text: string }[]
  readonly words: readonly { readonly word: string }[]
  readonly logprobs?: readonly { readonly token: string }[]
}

describe('Whisper base in the forms of others', { skip: base.skip || noSpeech, concurrency: 1 }, () => {
  const folder = new TempFolder()
  after(() => folder[Symbol.dispose]())
  let plain: Answer
  /** A word that the recording has, with the space before it, and its token. */
  let word: { readonly content: string; readonly id: number }

  async function transcribe(model: string): Promise<Answer> {
    const args = ['transcribe', '--model', model, '--format', 'verbose_json', '--word-timestamps', '--language', 'en']
    const { code, stdout, stderr } = await paradox([...args, spoken.english.path], {
      cwd: folder.path,
      env: { DEVICE: 'cpu', PARADOX_CACHE_DIR: folder.file('cache') },
    })
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout) as Answer
  }

  before(async () => {
    linkCompiled(cacheFolder(), folder.file('cache'))
    plain = await transcribe(base.folder)
    using checkpoint = await openCheckpoint(base.folder)
    const { vocab } = checkpoint.tokenizer.tokenizer.model as { vocab: Record<string, number> }
    const said = new Set(plain.segments.flatMap(({ tokens }) => tokens))
    const [token, id] = Object.entries(vocab).find(([token, id]) => said.has(id) && /^Ġ[a-z]{5,}$/.test(token)) ?? []
    assert.ok(token !== undefined && id !== undefined, 'the recording has a word of one token')
    word = { content: token.replace('Ġ', ' '), id }
  })

  /** Writes config and tokenizer; gives base's tensors with what is changed. */
  async function write(
    name: string,
    change: { rows: number },
    save: (folder: string, tensors: Record<string, LazyTensor>) => void,
  ) {
    const place = folder.file(name)
    mkdirSync(place)
    using checkpoint = await openCheckpoint(base.folder)
    const { config, generation, tensors } = checkpoint
    const { dModel } = config
    const data = (tensor: string) => () => {
      const values = tensors.read(tensor)
      if (tensor !== 'decoder.embed_tokens.weight' || change.rows === config.vocabSize) return values
      const grown = new Float32Array(change.rows * dModel)
      grown.set(values)
      const row = values.subarray(word.id * dModel, (word.id + 1) * dModel)
      grown.set(
        row.map((value) => value * 1.05),
        ADDED_AT * dModel,
      )
      return grown
    }
    const shapeOf = (tensor: string) => {
      const shape = tensors.shape(tensor)
      return tensor === 'decoder.embed_tokens.weight' ? [change.rows, dModel] : shape
    }
    const lazy = Array.from(tensors.names(), (tensor): [string, LazyTensor] => [
      `model.${tensor}`,
      { dtype: 'F16', shape: shapeOf(tensor), data: data(tensor) },
    ])
    save(place, Object.fromEntries(lazy))
    writeJson(join(place, 'config.json'), hubConfig({ ...config, vocabSize: change.rows }))
    writeJson(join(place, 'generation_config.json'), {
      suppress_tokens: generation.suppressTokens,
      begin_suppress_tokens: generation.beginSuppressTokens,
      alignment_heads: generation.alignmentHeads,
    })
    const { tokenizer } = checkpoint.tokenizer
    const own = tokenizer.added_tokens as readonly object[]
    const added = [...ADDED, word.content].map((content, i) => ({
      ...{ id: config.vocabSize + i, content, special: content !== word.content },
      ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
    }))
    const added_tokens = change.rows === config.vocabSize ? own : [...own, ...added]
    writeJson(join(place, 'tokenizer.json'), { ...tokenizer, added_tokens })
    return place
  }

  test('as pytorch_model.bin in two files it says the same', async () => {
    const model = await write('pytorch', { rows: 51865 }, (place, tensors) => writeShardedPytorch(place, tensors, 2))
    const answer = await transcribe(model)
    assert.equal(answer.text, plain.text)
    assert.deepEqual(answer.words, plain.words)
  })

  test('a word that was added to its vocabulary comes out, in the text and as a word with its times', async () => {
    const model = await write('added', { rows: ROWS }, (place, tensors) =>
      writePytorch(join(place, 'pytorch_model.bin'), tensors),
    )
    const answer = await transcribe(model)
    assert.equal(answer.text, plain.text)
    assert.deepEqual(
      answer.words.map((each) => each.word),
      plain.words.map((each) => each.word),
    )
    const tokens = answer.segments.flatMap((segment) => segment.tokens)
    assert.ok(tokens.includes(ADDED_AT), 'it was said by its new token')
    assert.ok(!tokens.some((token) => token > ADDED_AT || token === 51865 || token === 51866))
  })
})
