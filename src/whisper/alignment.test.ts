import assert from 'node:assert/strict'
import { test } from 'node:test'
import { subtractMedians, tokenTimes, warp } from './alignment.ts'

test('attention that walks through the audio gives each token the time where it looks', () => {
  const [nHeads, promptLength, audioContext] = [3, 4, 400]
  const places = [10, 60, 110, 200, 260] // encoder positions; the last is where eot looks
  const nTokens = promptLength + places.length
  const data = new Float32Array(nHeads * nTokens * audioContext)
  for (let head = 0; head < nHeads; head++) {
    // The row of a token says where the next one is: the last prompt row belongs to the first text token.
    places.forEach((place, i) => {
      const row = promptLength - 1 + i
      const end = places[i + 1] ?? audioContext
      for (let s = place; s < end; s++) data[(head * nTokens + row) * audioContext + s] = 8
    })
  }
  const times = tokenTimes({ data, nHeads, nTokens, audioContext }, promptLength - 1, places.length - 1, 300)
  for (const [i, place] of places.entries()) {
    assert.ok(i === 0 || Math.abs(times[i]! - place * 0.02) <= 0.08, `token ${i} at ${times[i]}, not ${place * 0.02}`)
  }
})

test('of candidates those count whose attention walks through the audio as the text does', () => {
  const [nHeads, promptLength, audioContext, nTokens] = [12, 4, 400, 12]
  const data = new Float32Array(nHeads * nTokens * audioContext)
  const places = Array.from({ length: nTokens - promptLength + 1 }, (_, i) => 20 + 30 * i)
  for (let head = 0; head < nHeads; head++) {
    const walks = head % 3 === 2 // four of twelve
    for (const [i, place] of places.entries()) {
      // The others agree on where to look, but stay behind by two tokens.
      const at = walks ? place : places[Math.max(0, i - 2)]!
      const from = (head * nTokens + promptLength - 1 + i) * audioContext
      for (let s = at; s < at + 30; s++) data[from + s] = 8
    }
  }
  const scores = { data, nHeads, nTokens, audioContext }
  const errorOf = (areCandidates: boolean) => {
    const times = tokenTimes(scores, promptLength - 1, places.length - 1, 300, areCandidates)
    return Math.max(...places.slice(1).map((place, i) => Math.abs(times[i + 1]! - place * 0.02)))
  }
  assert.ok(errorOf(true) <= 0.1, `${errorOf(true)} s`)
  assert.ok(errorOf(false) > 0.5, 'with all of them the others decide')
})

test('the running median is that of the seven values in order, the ends mirrored', () => {
  let seed = 7
  for (const n of [1, 3, 4, 5, 8, 33, 100]) {
    const values = Float32Array.from({ length: n }, () => {
      seed = (seed * 16807) % 2147483647
      return (seed % 20) - 10 // with equal ones among them
    })
    const at = (i: number) => values[i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i]!
    const medianAt = (i: number) => [-3, -2, -1, 0, 1, 2, 3].map((j) => at(i + j)).sort((x, y) => x - y)[3]!
    const out = new Float32Array(n).fill(1)
    subtractMedians(out, values, 2)
    const expected = Float32Array.from({ length: n }, (_, i) => 1 - (n > 3 ? medianAt(i) : values[i]!) / 2)
    assert.deepEqual(out, expected)
  }
})

test('times never go back and never pass the end of the recording, whatever the attention', () => {
  let seed = 1
  const random = () => {
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  }
  for (const nPositions of [1, 3, 8, 50]) {
    const [nHeads, nTokens, audioContext] = [2, 12, 50]
    const data = Float32Array.from({ length: nHeads * nTokens * audioContext }, () => random() * 10)
    const times = tokenTimes({ data, nHeads, nTokens, audioContext }, 3, 7, nPositions)
    assert.equal(times.length, 8)
    for (let i = 1; i < times.length; i++) assert.ok(times[i]! >= times[i - 1]!)
    assert.ok(times.at(-1)! < nPositions * 0.02)
  }
})

test('the warping path is the cheapest one: checked against trying all paths', () => {
  const [rows, columns] = [3, 5]
  const cost = Float32Array.of(1, 9, 2, 8, 3, 7, 1, 6, 2, 5, 9, 3, 1, 1, 0)
  const cheapest = (r: number, c: number): number => {
    const here = cost[r * columns + c]!
    if (r === 0 && c === 0) return here
    const before = [
      r > 0 && c > 0 ? cheapest(r - 1, c - 1) : Number.POSITIVE_INFINITY,
      r > 0 ? cheapest(r - 1, c) : Number.POSITIVE_INFINITY,
      c > 0 ? cheapest(r, c - 1) : Number.POSITIVE_INFINITY,
    ]
    return here + Math.min(...before)
  }
  const first = warp(cost, rows, columns)
  assert.equal(first[0], 0)
  // The path runs along each row until the next one's first column, or the column before it where it steps diagonally.
  const lastOf = (r: number) => (r === rows - 1 ? columns - 1 : first[r + 1]!)
  const costs: number[] = []
  for (const isDiagonal of [0, 1, 2, 3]) {
    let sum = 0
    for (let r = 0; r < rows; r++) {
      const diagonal = r < rows - 1 && (isDiagonal >> r) & 1 ? 1 : 0
      for (let c = first[r]!; c <= lastOf(r) - diagonal; c++) sum += cost[r * columns + c]!
    }
    costs.push(sum)
  }
  assert.ok(costs.some((sum) => Math.abs(sum - cheapest(rows - 1, columns - 1)) < 1e-6))
})
