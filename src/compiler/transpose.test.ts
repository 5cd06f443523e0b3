import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transpose } from './transpose.ts'

test('each value moves from [row, column] to [column, row], also where the tiles do not come out even', () => {
  for (const [rows, columns] of [
    [1, 1],
    [2, 3],
    [33, 65],
    [64, 32],
    [100, 7],
  ] as const) {
    const data = Float32Array.from({ length: rows * columns }, (_, i) => i)
    const turned = transpose(data, rows, columns)
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) assert.equal(turned[c * rows + r], data[r * columns + c])
    }
  }
})
