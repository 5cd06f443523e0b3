import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { wrongValues } from '../../test/helpers/builders/wrong-values.ts'
import { OptionInvalidError } from '../errors/index.ts'
import { DEFAULTS, OPTIONS, parseOptions } from '../whisper/options.ts'
import { flagsOf, givenOf, withoutAssignedSwitches } from './option-flags.ts'
import {
  checkOutputFlags,
  checkPrintedFormat,
  optionGroups,
  readWish,
  type TranscribeFlags,
} from './transcription/flags.ts'

const GROUPS = optionGroups()
const INFOS = GROUPS.flatMap(({ infos }) => infos)

function command(): Command {
  const made = new Command()
    .argument('[file...]')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  for (const { infos, heading } of GROUPS) for (const option of flagsOf(infos, heading)) made.addOption(option)
  return made
}

/** What these arguments say, by the options' names, and the files among them. */
function parse(...args: readonly string[]) {
  const parsed = command().parse(withoutAssignedSwitches(args, INFOS), { from: 'user' })
  return { given: givenOf(INFOS, parsed.opts()), files: parsed.args }
}

test('every option has a flag in kebab-case, and without flags nothing is given', () => {
  const flags = new Set(command().options.map(({ long }) => long))
  for (const { name } of INFOS) assert.ok(flags.has(`--${name.replaceAll('_', '-')}`), name)
  for (const name of Object.keys(OPTIONS)) assert.ok(INFOS.some((info) => info.name === name))
  assert.deepEqual(parse(), { given: {}, files: [] })
})

test('a valued flag takes its value, also a negative one, also by an equals sign', () => {
  assert.deepEqual(parse('--beam-size', '5', 'a.wav', '--log-prob-threshold', '-0.5', '--initial-prompt=--x'), {
    given: { beam_size: '5', log_prob_threshold: '-0.5', initial_prompt: '--x' },
    files: ['a.wav'],
  })
})

test('flags that begin with no- by their nature negate nothing', () => {
  assert.deepEqual(parse('--no-speech-threshold', '0.5', '--no-repeat-ngram-size', '3').given, {
    no_speech_threshold: '0.5',
    no_repeat_ngram_size: '3',
  })
})

test('a switch is on, off, or given a value, and never takes the file behind it', () => {
  for (const { name } of INFOS.filter(({ schema }) => schema.type === 'boolean')) {
    const kebab = name.replaceAll('_', '-')
    for (const [flag, value] of [
      [`--${kebab}`, true],
      [`--no-${kebab}`, false],
      [`--${kebab}=true`, true],
      [`--${kebab}=False`, false],
    ] as const) {
      assert.deepEqual(parse(flag, 'a.wav'), { given: { [name]: value }, files: ['a.wav'] })
    }
    for (const value of ['maybe', '']) {
      assert.throws(() => parse(`--${kebab}=${value}`), new RegExp(`Option ${name} has the value '`))
    }
  }
  assert.deepEqual(parse('--', '--vad-filter=false').files, ['--vad-filter=false'])
})

test('the help shows of each switch the flag that changes something, and each default', () => {
  const help = command().helpInformation()
  assert.match(help, /^Decoding options:$/m)
  assert.match(help, /--no-vad-filter /)
  assert.doesNotMatch(help, /--vad-filter |--no-word-timestamps/)
  assert.match(help, /--beam-size <1\.\.16> .*\(default: 5\)/)
  assert.match(help, /--task <transcribe\|translate>/)
  assert.match(help, /\(default:\s+0,0\.2,0\.4,0\.6,0\.8,1\)/)
})

function read(flags: Record<string, unknown>, formats = 'text', nFiles = 1) {
  const given = { ...flags, format: formats.split(',') } as unknown as TranscribeFlags // as commander would
  const wish = readWish(given)
  checkOutputFlags(given)
  checkPrintedFormat(given, nFiles)
  return wish
}

test('every default, written out, is accepted and means the same', () => {
  const written = GROUPS[0]!.infos.flatMap((info) => {
    if (info.default === undefined) return []
    const value = Array.isArray(info.default) ? info.default.join(',') : String(info.default)
    return [`--${info.name.replaceAll('_', '-')}=${value}`]
  })
  assert.deepEqual(parseOptions(parse(...written).given), DEFAULTS)
})

test('every option out of range is refused by name, value and range', () => {
  for (const info of INFOS) {
    for (const value of wrongValues(info)) {
      assert.throws(
        () => {
          const parsed = command().parse(
            withoutAssignedSwitches([`--${info.name.replaceAll('_', '-')}=${value}`], INFOS),
            { from: 'user' },
          )
          read(parsed.opts(), 'srt')
        },
        (error) =>
          error instanceof OptionInvalidError &&
          error.message === `Option ${info.name} has the value '${value.slice(0, 100)}', which is not allowed.` &&
          error.remedy === `Use ${info.allowed}.`,
        `${info.name}=${value}`,
      )
    }
  }
})

test('what the format has no place for is refused', () => {
  const refusal = (format: string, flags: Record<string, unknown>, nFiles = 1) => {
    try {
      read(flags, format, nFiles)
    } catch (error) {
      if (error instanceof OptionInvalidError) return error.sentence
      throw error
    }
    return undefined
  }
  for (const format of ['text', 'json', 'jsonl', 'tsv']) {
    assert.match(refusal(format, { wordTimestamps: true }) ?? '', /^Option word_timestamps .* no place for words/)
  }
  for (const format of ['srt', 'vtt', 'verbose_json']) {
    assert.equal(refusal(format, { wordTimestamps: true }), undefined)
  }
  assert.match(refusal('text', { maxLineWidth: '40' }) ?? '', /^Option max_line_width .* srt and vtt/)
  assert.equal(refusal('srt', { maxLineWidth: '40' }), undefined)
  assert.match(refusal('srt', { maxLineWidth: '40', cues: 'segments' }) ?? '', /either it or cues=segments/)
  for (const format of ['srt', 'vtt', 'tsv', 'verbose_json']) {
    assert.match(refusal(format, {}, 2) ?? '', /^Option format has the value .* one file at a time/)
  }
  for (const format of ['text', 'json', 'jsonl']) assert.equal(refusal(format, {}, 2), undefined)
  // Of several it is enough that one has it, and files of their own may be of any format.
  const outputDir = 'out'
  assert.equal(refusal('text,srt', { outputDir, maxLineWidth: '40', wordTimestamps: true }, 3), undefined)
  assert.equal(refusal('verbose_json,srt', { outputDir, logprobs: true, wordTimestamps: true }, 3), undefined)
  assert.match(refusal('srt,tsv', { outputDir, logprobs: true }) ?? '', /^Option logprobs/)
  assert.match(refusal('text,srt', {}) ?? '', /^Option format has the value 'text,srt'.*--output-dir/)
  assert.match(refusal('text', { overwrite: true }) ?? '', /^Option --overwrite .*--output-dir/)
  assert.match(refusal('text', { skipExisting: true }) ?? '', /^Option --skip-existing .*--output-dir/)
  assert.match(
    refusal('text', { outputDir, skipExisting: true, overwrite: true }) ?? '',
    /either it or --skip-existing/,
  )
})
