import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stem } from './file-name.ts'

test('a transcript is named after its recording', () => {
  assert.equal(stem('reunião de março.mp3'), 'reunião de março')
  assert.equal(stem('entrevista 🎙️ v2.final.wav'), 'entrevista 🎙️ v2.final')
  assert.equal(stem('no ending'), 'no ending')
})

test('no name leaves the folder, breaks a line or is refused', () => {
  assert.equal(stem('../../etc/passwd'), 'etc passwd')
  assert.equal(stem('a\nb\tc.ogg'), 'a b c')
  assert.equal(stem('con:what?.wav'), 'con what')
  assert.equal(stem('.hidden'), 'hidden')
  assert.equal(stem('...'), 'transcript')
  assert.equal(stem(''), 'transcript')
  assert.equal([...stem('ç'.repeat(300))].length, 80)
})
