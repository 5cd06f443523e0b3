import assert from 'node:assert/strict'
import { test } from 'node:test'
import stringWidth from 'string-width'
import { table } from './table.ts'

const ROWS = [
  ['NAME', 'SIZE', ''],
  ['base', '145 MB', 'small'],
  ['日本語の録音 🎙️.wav', '1.2 GB', ''],
]

test('columns stand below their heads, however wide their characters are drawn', () => {
  const lines = table(ROWS).trimEnd().split('\n')
  assert.deepEqual(lines, [
    'NAME                 SIZE',
    'base                 145 MB  small',
    '日本語の録音 🎙️.wav  1.2 GB',
  ])
  for (const line of lines.slice(1)) assert.equal(stringWidth(line.split(/\d/)[0]!), 21)
})

test('the widest column gives way to the terminal, and no line is wider than it where that is enough', () => {
  for (let columns = 60; columns >= 30; columns--) {
    const lines = table(ROWS, columns).trimEnd().split('\n')
    for (const line of lines) assert.ok(stringWidth(line) <= columns, `${stringWidth(line)} of ${columns}: ${line}`)
    assert.equal(lines[2]!.includes('…'), columns < 34)
  }
})
