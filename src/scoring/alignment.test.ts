import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alignUnits } from './alignment.ts'

const words = (text: string) => text.split(' ').filter((word) => word !== '')
const shown = (reference: string, hypothesis: string) =>
  alignUnits(words(reference), words(hypothesis)).map((pair) => `${pair.reference ?? ''}|${pair.hypothesis ?? ''}`)

/** Numbers in [0, 1) that are the same at every run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** The textbook's whole matrix. */
function fewestEdits(a: readonly string[], b: readonly string[]): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (const [i, unit] of a.entries()) {
    const row = [i + 1]
    for (const [j, other] of b.entries()) {
      row.push(Math.min(above[j]! + (unit === other ? 0 : 1), above[j + 1]! + 1, row[j]! + 1))
    }
    above = row
  }
  return above.at(-1)!
}

function nEdits(pairs: ReturnType<typeof alignUnits>): number {
  return pairs.filter(({ reference, hypothesis }) => reference !== hypothesis).length
}

test('planted changes are found where they are', () => {
  assert.deepEqual(shown('the cat sat on the mat', 'the bat sat the mat today'), [
    ...['the|the', 'cat|bat', 'sat|sat', 'on|', 'the|the', 'mat|mat', '|today'],
  ])
  assert.deepEqual(shown('', 'a b'), ['|a', '|b'])
  assert.deepEqual(shown('a b', ''), ['a|', 'b|'])
  assert.deepEqual(shown('', ''), [])
})

test('both texts can be read off, and no shorter way exists, however far they are apart', () => {
  const random = randomFrom(7)
  for (let run = 0; run < 200; run++) {
    const text = (most: number) =>
      Array.from({ length: Math.floor(random() * most) }, () => String(Math.floor(random() * 4)))
    const [a, b] = [text(120), text(run % 3 === 0 ? 3 : 120)]
    const pairs = alignUnits(a, b)
    assert.deepEqual(
      pairs.flatMap(({ reference }) => reference ?? []),
      a,
    )
    assert.deepEqual(
      pairs.flatMap(({ hypothesis }) => hypothesis ?? []),
      b,
    )
    assert.equal(nEdits(pairs), fewestEdits(a, b), `${a} | ${b}`)
  }
})

test('texts of a whole day that differ now and then are aligned exactly', () => {
  const random = randomFrom(3)
  const said = Array.from({ length: 200_000 }, () => String(Math.floor(random() * 5000)))
  const heard = [...said]
  for (const at of [10, 1000, 150_000]) heard[at] = 'other'
  heard.splice(70_000, 5)
  assert.equal(nEdits(alignUnits(said, heard)), 8)
})

test('texts of a whole day that have nothing in common neither take all memory nor stop the work', () => {
  const said = Array.from({ length: 150_000 }, (_, i) => `a${i}`)
  const heard = Array.from({ length: 100_000 }, (_, i) => `b${i}`)
  assert.equal(nEdits(alignUnits(said, heard)), 150_000)
})
