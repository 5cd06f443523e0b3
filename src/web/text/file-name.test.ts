import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingName, stem } from './file-name.ts'

test('a transcript is named after its recording', () => {
  assert.equal(stem('reunião de março.mp3'), 'reunião de março')
  assert.equal(stem('entrevista 🎙️ v2.final.wav'), 'entrevista 🎙️ v2.final')
  assert.equal(stem('no ending'), 'no ending')
})

test('a recording keeps its ending', () => {
  assert.equal(recordingName('Recording 12-1-26 11-44 AM.webm'), 'Recording 12-1-26 11-44 AM.webm')
  assert.equal(recordingName('../a/b: ção.ogg '), 'a b ção.ogg')
  assert.equal(recordingName(''), 'transcript')
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
