import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileSize } from './size.ts'

test('a size has two digits that matter, in the unit that makes it short', () => {
  const sizes = [0, 999, 1000, 1_449, 999_499, 999_500, 1_400_000, 141_700_000, 1_516_000_000, 5e12]
  assert.deepEqual(
    sizes.map((bytes) => fileSize(bytes, 'en')),
    ['0 bytes', '999 bytes', '1 kB', '1.4 kB', '999 kB', '1 MB', '1.4 MB', '142 MB', '1.5 GB', '5,000 GB'],
  )
})

test('the decimal mark is the one of the language', () => {
  assert.equal(fileSize(1_400_000, 'pt-BR'), '1,4 MB')
})
