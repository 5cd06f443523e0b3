import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Tensor } from 'onnxruntime-node'
import { tinyShape } from '../../../test/helpers/builders/checkpoint-builder.ts'
import { TempFolder } from '../../../test/helpers/data/audio-files.ts'
import { TokenEmbeddings } from '../token-embeddings.ts'
import { FloatPool } from './float-pool.ts'
import { KvCache } from './kv-cache.ts'

const L = 2
const H = 2
const D = 4
const V = 100
const MOST = 100
const SHAPE = {
  ...tinyShape({ dModel: D, decoderLayers: L, decoderHeads: H, vocabSize: V, maxTextContext: MOST }),
}

const folder = new TempFolder()
const path = join(folder.path, 'embeddings.bin')
writeFileSync(
  path,
  Float32Array.from({ length: V * D }, (_, i) => i),
)
const embeddings = new TokenEmbeddings(path, SHAPE)
after(() => {
  embeddings[Symbol.dispose]()
  folder[Symbol.dispose]()
})

const newCache = (nRows: number, pool = new FloatPool()) => new KvCache(SHAPE, embeddings, pool, nRows)

/** What the decoder gives for a token: a value that tells token, layer, key or value, and place in the vector. */
const vectorOf = (token: number, part: number) => Array.from({ length: D }, (_, i) => token * 100 + part * 10 + i)
const addedFor = (rows: readonly (readonly number[])[]) =>
  new Float32Array(
    rows.flat().flatMap((token) => Array.from({ length: 2 * L }, (_, part) => vectorOf(token, part)).flat()),
  )

function appendTo(cache: KvCache, row: number, tokens: readonly number[]): void {
  cache.append(row, tokens, addedFor([tokens]), 0)
}

/** The tokens whose keys and values a row holds, read back from the decoder's inputs. */
function heldBy(cache: KvCache, row: number): number[] {
  const inputs = cache.inputs(row, [[0]])
  const length = cache.lengthOf(row)
  const tokens: number[] = []
  for (let place = 0; place < length; place++) {
    const found = new Set<number>()
    for (let part = 0; part < 2 * L; part++) {
      const name = `past_${part % 2 === 0 ? 'key' : 'value'}_${part >> 1}`
      const { dims, data } = inputs[name]! as Tensor & { data: Float32Array }
      assert.deepEqual([dims[0], dims[1], dims[3]], [1, H, D / H])
      const capacity = dims[2]!
      const vector = Array.from({ length: D }, (_, i) => {
        const [head, inHead] = [Math.floor(i / (D / H)), i % (D / H)]
        return data[(head * capacity + place) * (D / H) + inHead]!
      })
      const token = Math.floor(vector[0]! / 100)
      assert.deepEqual(vector, vectorOf(token, part), `${name}, place ${place}`)
      found.add(token)
    }
    assert.equal(found.size, 1)
    tokens.push(...found)
  }
  return tokens
}

test('of a text that has not begun nothing is read: the inputs are its tokens alone', () => {
  using cache = newCache(2)
  const { embedded, positions, past_mask, past_key_0 } = cache.inputs(0, [
    [7, 8],
    [9, 10],
  ])
  assert.deepEqual(embedded!.dims, [2, 2, D])
  assert.deepEqual([...(embedded!.data as Float32Array).subarray(0, D)], [28, 29, 30, 31])
  assert.deepEqual([...(positions!.data as BigInt64Array)], [0n, 1n, 0n, 1n])
  assert.deepEqual(past_mask!.dims, [2, 1, 2, 2])
  assert.ok((past_mask!.data as Float32Array).every((value) => value === 0))
  assert.deepEqual(past_key_0!.dims, [2, H, 0, D / H])
})

test('rows of different lengths keep what is theirs, and the mask hides the places that they have not', () => {
  using cache = newCache(2)
  appendTo(cache, 0, [1, 2, 3])
  appendTo(cache, 1, [4])
  assert.deepEqual([cache.lengthOf(0), cache.lengthOf(1)], [3, 1])
  assert.deepEqual([heldBy(cache, 0), heldBy(cache, 1)], [[1, 2, 3], [4]])

  const { positions, past_mask } = cache.inputs(0, [[5], [6]])
  assert.deepEqual([...(positions!.data as BigInt64Array)], [3n, 1n])
  const width = past_mask!.dims[3]!
  const visible = (row: number) =>
    [...(past_mask!.data as Float32Array).subarray(row * width, (row + 1) * width)].flatMap((value, place) =>
      value === 0 ? [place] : [],
    )
  assert.deepEqual(visible(0), [0, 1, 2, width - 1]) // its three, and the new one at the end
  assert.deepEqual(visible(1), [0, width - 1])
})

test('of what the decoder gave for several rows each takes its own', () => {
  using cache = newCache(2)
  const rows = [
    [11, 12],
    [21, 22],
  ]
  for (const [row, tokens] of rows.entries()) cache.append(row, tokens, addedFor(rows), row)
  assert.deepEqual([heldBy(cache, 0), heldBy(cache, 1)], rows)
})

test('a row becomes a copy of another, longer, shorter or other than it was, and both go on apart', () => {
  using cache = newCache(3)
  for (const [row, tokens] of [[1, 2, 3], [1, 9], [8]].entries()) appendTo(cache, row, tokens)
  cache.copy(0, 1)
  cache.copy(0, 2)
  assert.deepEqual(
    [heldBy(cache, 1), heldBy(cache, 2)],
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
  )
  appendTo(cache, 1, [4])
  appendTo(cache, 0, [5])
  assert.deepEqual(
    [heldBy(cache, 0), heldBy(cache, 1)],
    [
      [1, 2, 3, 5],
      [1, 2, 3, 4],
    ],
  )
  cache.copy(2, 1) // what it has more is forgotten
  assert.deepEqual(heldBy(cache, 1), [1, 2, 3])
})

test('a row that is cleared begins anew, and its neighbour stays', () => {
  using cache = newCache(2)
  appendTo(cache, 0, [1, 2])
  appendTo(cache, 1, [3, 4])
  cache.clear(0)
  assert.equal(cache.lengthOf(0), 0)
  appendTo(cache, 0, [5])
  assert.deepEqual([heldBy(cache, 0), heldBy(cache, 1)], [[5], [3, 4]])
})

test('texts that outgrow their places keep what they hold, up to the longest text there can be', () => {
  using cache = newCache(2)
  const texts: [number[], number[]] = [[], []]
  for (let n = 0; n < MOST - 1; n++) {
    for (const [row, text] of texts.entries()) {
      if (row === 1 && n % 3 !== 0) continue
      const token = (n * 7 + row) % V
      // As a decoder does it: the inputs make room, then what they gave is added.
      cache.inputs(row, [[token]])
      appendTo(cache, row, [token])
      text.push(token)
    }
  }
  assert.deepEqual([heldBy(cache, 0), heldBy(cache, 1)], texts)
  assert.equal(cache.inputs(0, [[1]]).past_key_0!.dims[2], MOST)
})

test('the buffers go back to the pool, those that were outgrown too', () => {
  const pool = new FloatPool()
  const lent = new Set<Float32Array>()
  const acquire = pool.acquire.bind(pool)
  const release = pool.release.bind(pool)
  pool.acquire = (length) => {
    const buffer = acquire(length)
    lent.add(buffer)
    return buffer
  }
  pool.release = (buffer) => {
    assert.ok(lent.delete(buffer), 'it was lent, and comes back once')
    release(buffer)
  }
  {
    using cache = newCache(1, pool)
    assert.equal(lent.size, 2 * L)
    const text = Array.from({ length: 40 }, (_, i) => i)
    cache.inputs(0, [text])
    appendTo(cache, 0, text)
    assert.equal(lent.size, 2 * L)
  }
  assert.equal(lent.size, 0)
})
