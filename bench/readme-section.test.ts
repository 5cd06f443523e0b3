import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withSection } from './readme-section.ts'

const README = 'a\n<!-- peers:begin (by x) -->\n\nold\n\n<!-- peers:end -->\nb\n<!-- wer:begin -->\n<!-- wer:end -->\n'

test('only what stands between the markers of that name is replaced', () => {
  const text = withSection(README, 'peers', 'new')
  assert.equal(text, README.replace('old', 'new'))
  assert.equal(withSection(text, 'peers', 'new'), text)
})

test('a document without the markers is refused', () => {
  assert.throws(() => withSection(README, 'graphs', 'new'), /markers of 'graphs'/)
})
