import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { TokenEmbeddings } from './token-embeddings.ts'

const SHAPE = { vocabSize: 5000, dModel: 3 }

/** Below 512 float16 holds quarters exactly. */
const vectorOf = (token: number) => [0, 1, 2].map((i) => (token % 512) + i / 4)
const ALL = Array.from({ length: SHAPE.vocabSize }, (_, token) => vectorOf(token)).flat()

function written(t: TestContext, values: Float32Array | Float16Array): string {
  const path = join(tempFolder(t), 'embeddings.bin')
  writeFileSync(path, values)
  return path
}

for (const [name, values] of [
  ['float32', new Float32Array(ALL)],
  ['float16', new Float16Array(ALL)],
] as const) {
  test(`of a file in ${name} each token gets its vector, in the order asked for`, (t) => {
    using embeddings = new TokenEmbeddings(written(t, values), SHAPE)
    for (const tokens of [[0], [4999, 0, 17], [17, 17], []]) {
      assert.deepEqual([...embeddings.of(tokens)], tokens.flatMap(vectorOf))
    }
  })
}

test('more tokens than are kept at hand are all right, and so are those that had to make room', (t) => {
  using embeddings = new TokenEmbeddings(written(t, new Float32Array(ALL)), SHAPE)
  const tokens = Array.from({ length: SHAPE.vocabSize }, (_, token) => token)
  for (let round = 0; round < 2; round++) assert.deepEqual([...embeddings.of(tokens)], ALL)
})

test('what was given belongs to the caller', (t) => {
  using embeddings = new TokenEmbeddings(written(t, new Float32Array(ALL)), SHAPE)
  embeddings.of([7]).fill(-1)
  assert.deepEqual([...embeddings.of([7])], vectorOf(7))
})

test('a file of another size is refused and closed, and so is a token that it has not', (t) => {
  const path = written(t, new Float32Array(ALL))
  assert.throws(() => new TokenEmbeddings(path, { ...SHAPE, dModel: 4 }), /has 3 bytes for each value/)
  using embeddings = new TokenEmbeddings(path, SHAPE)
  assert.throws(() => embeddings.of([SHAPE.vocabSize]), /no embeddings of token 5000/)
  assert.equal(readFileSync(path).length, 4 * ALL.length)
})
