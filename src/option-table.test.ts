import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OptionInvalidError } from './errors/index.ts'
import {
  describeOptions,
  flag,
  integer,
  listOf,
  number,
  oneOf,
  parseGiven,
  splitList,
  text,
  words,
} from './option-table.ts'

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

const read = (text: string) => splitList(text, 1000)

test('a list in one text is read however a client writes it', () => {
  const both = ['word', 'segment']
  for (const text of [
    'word,segment',
    ' word , segment, ',
    '["word","segment"]',
    ' [ "word" , "segment" ] ',
    '["word",\n  "segment"]',
    "['word', 'segment']",
    "('word', 'segment')",
    '[word, segment]',
    '"word","segment"',
    '["word", null, "segment", ""]',
    "['word', None, 'segment']",
  ]) {
    assert.deepEqual(read(text), both, text)
  }
  assert.deepEqual(read('[0, 0.2]'), ['0', '0.2'])
  for (const text of ['', ' ', ',', '[]', '[""]', '[null]', 'null', 'None', 'undefined']) {
    assert.deepEqual(read(text), [], text)
  }
})

test('what is quoted keeps its commas and loses its escapes; what only holds marks keeps them', () => {
  assert.deepEqual(read('["Dashwood, John", "the \\"Norland\\"", "caf\\u00e9"]'), [
    'Dashwood, John',
    'the "Norland"',
    'café',
  ])
  assert.deepEqual(read(`["l'été", 'd\\'Artagnan']`), ["l'été", "d'Artagnan"])
  for (const text of ["'n Sync", "rock 'n' roll", 'a 5" disk', '[music] loud', '(a b)', '"open', "it's", '"a" b']) {
    assert.deepEqual(read(text), [text], text)
  }
  assert.deepEqual(read('[a], [b]'), ['[a]', '[b]'])
})

test('what JSON writes comes back, whatever the items hold', () => {
  const item = fc.string().filter((text) => text.trim() !== '')
  fc.assert(
    fc.property(fc.array(item, { maxLength: 20 }), (items) => {
      assert.deepEqual(
        read(JSON.stringify(items)),
        items.map((text) => text.trim()),
      )
    }),
  )
})

test('a list of more items than it may have is read to the first of them that is too many', () => {
  assert.equal(splitList('a,'.repeat(100_000), 10).length, 11)
  assert.deepEqual(splitList(','.repeat(200_000), 10), [])
  for (const hostile of ['"', "'", '"\\', '\\"', '" ,', '[', ' ', '],[']) {
    assert.ok(splitList(hostile.repeat(30_000), 1000).length <= 1001)
  }
})

test('options that say nothing are not given', () => {
  const given = { beam_size: 'null', vad_filter: 'None', task: 'undefined', temperature: ' ' }
  assert.deepEqual(parseGiven(TABLE, given), {})
  const table = { timestamps: [oneOf(['align', 'none']), 'times'] } as const
  assert.deepEqual(parseGiven(table, { timestamps: 'none' }), { timestamps: 'none' })
})

test('words may be a text or a list, which becomes one', () => {
  const check = words('words')
  assert.equal(check.parse('Dashwood, Norland'), 'Dashwood, Norland')
  for (const list of ['["Dashwood","Norland"]', " ['Dashwood', 'Norland'] ", ['Dashwood', 'Norland']]) {
    assert.equal(check.parse(list), 'Dashwood, Norland')
  }
  assert.equal(check.safeParse(1).success, false)
})
