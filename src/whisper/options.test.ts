import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULTS, parseOptions, readOptions, withDefaults } from './options.ts'

const refusal = { code: 'ASR_OPTION_INVALID' }

test('what is given is read under its name in camelCase, and nothing else', () => {
  const given = {
    beam_size: '3',
    vad_filter: 'false',
    temperature: '0,0.4',
    languages: 'pt, en',
    hotwords: '',
    other: 'x',
  }
  const read = { beamSize: 3, vadFilter: false, temperature: [0, 0.4], languages: ['pt', 'en'] }
  assert.deepEqual(readOptions(given), read)
  assert.deepEqual(readOptions({}), {})
  assert.throws(() => readOptions({ beam_size: '99' }), refusal)
})

test('the defaults of the settings stand between those of the table and what is requested', () => {
  assert.deepEqual(withDefaults(), DEFAULTS)
  assert.deepEqual(withDefaults({}, { audioContext: 'full' }), { ...DEFAULTS, audioContext: 'full' })
  assert.deepEqual(withDefaults({ audioContext: 'adaptive' }, { audioContext: 'full' }), DEFAULTS)
})

test('sampling alone has one beam, unless beams are requested too, which is a contradiction', () => {
  assert.equal(withDefaults({ temperature: [0.5] }).beamSize, 1)
  assert.equal(withDefaults({ temperature: [0, 0.5] }).beamSize, DEFAULTS.beamSize)
  assert.throws(() => withDefaults({ temperature: [0.5], beamSize: 5 }), refusal)
})

test('options that contradict each other are refused', () => {
  assert.throws(() => withDefaults({ temperature: [] }), refusal)
  assert.throws(() => withDefaults({ temperature: [0.4, 0.2] }), refusal)
  assert.throws(() => withDefaults({ multilingual: true, prefix: 'a' }), refusal)
  assert.throws(() => parseOptions({ multilingual: 'true', condition_on_previous_text: 'true' }), refusal)
})
