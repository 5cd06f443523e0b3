import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OptionInvalidError } from './errors/index.ts'
import { describeOptions, flag, integer, listOf, number, oneOf, parseGiven, text } from './option-table.ts'

const TABLE = {
  beam_size: [integer(1, 16), 'beams'],
  patience: [number(0.1, 10), 'patience'],
  task: [oneOf(['transcribe', 'translate']), 'task'],
  vad_filter: [flag, 'voice activity detection'],
  temperature: [listOf(number(0, 2), 'a number from 0 to 2, or several', { most: 3 }), 'temperature'],
  prefix: [text(5), 'beginning'],
} as const

test('values are taken as they are or as the text that stands for them', () => {
  const expected = {
    beamSize: 5,
    patience: 1.5,
    task: 'translate',
    vadFilter: false,
    temperature: [0, 0.5],
    prefix: 'a',
  }
  const asText = {
    beam_size: '5',
    patience: '1.5',
    task: 'translate',
    vad_filter: 'False',
    temperature: '0, 0.5',
    prefix: 'a',
  }
  assert.deepEqual(parseGiven(TABLE, asText), expected)
  const values = { beam_size: 5, patience: 1.5, task: 'translate', vad_filter: false, temperature: [0, 0.5] }
  assert.deepEqual(parseGiven(TABLE, { ...values, prefix: 'a' }), expected)
  assert.deepEqual(parseGiven(TABLE, { temperature: 0 }), { temperature: [0] })
  assert.deepEqual(parseGiven(TABLE, { temperature: ',' }), { temperature: [] })
})

test('a list has as many items as it may have', () => {
  const list = listOf(integer(0, 9), 'digits', { least: 1, most: 2 })
  assert.deepEqual(list.parse('1, 2,'), [1, 2])
  assert.equal(list.optional().parse(undefined), undefined)
  for (const given of [',', '', '1,2,3', 'x']) assert.equal(list.safeParse(given).success, false, given)
})

test('what is blank is not given, and other names are not looked at', () => {
  const given = { beam_size: '', patience: ' ', vad_filter: undefined, temperature: '\n', constructor: '{' }
  assert.deepEqual(parseGiven(TABLE, given), {})
})

test('a value outside its range is refused with its option, itself and what is allowed', () => {
  assert.throws(
    () => parseGiven(TABLE, { beam_size: '17' }),
    (error) =>
      error instanceof OptionInvalidError &&
      error.sentence === "Option beam_size has the value '17', which is not allowed: use a whole number from 1 to 16.",
  )
  assert.throws(() => parseGiven(TABLE, { prefix: 'x'.repeat(5000) }), /^.{0,250}$/)
})

test('each option says what it takes', () => {
  const infos = describeOptions(TABLE, { beamSize: 5, vadFilter: true })
  assert.deepEqual(
    infos.map(({ name, default: value }) => [name, value]),
    Object.keys(TABLE).map((name) => [name, { beam_size: 5, vad_filter: true }[name]]),
  )
  assert.deepEqual(
    infos.map(({ schema }) => schema),
    [
      { type: 'integer', minimum: 1, maximum: 16 },
      { type: 'number', minimum: 0.1, maximum: 10 },
      { type: 'string', enum: ['transcribe', 'translate'] },
      { type: 'boolean' },
      { type: 'array' },
      { type: 'string', maxLength: 5 },
    ],
  )
  assert.equal(infos[0]!.allowed, 'a whole number from 1 to 16')
})
