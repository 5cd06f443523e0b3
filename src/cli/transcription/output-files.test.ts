import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { transcriptionOf } from '../../../test/helpers/fakes/scripted-transcriber.ts'
import { tempFolder } from '../../../test/helpers/rigs/temp-folder.ts'
import { type IfExists, OutputFiles } from './output-files.ts'
import type { Format } from './result-writers.ts'

const result = { file: 'talk.mp3', model: 'base', hasWords: false, transcription: transcriptionOf('heard') }

function outputs(folder: string, ifExists: IfExists = 'refuse', formats: readonly Format[] = ['text', 'json']) {
  const files = new OutputFiles({ folder, formats, subtitles: {}, ifExists })
  return {
    plan: (file: string, stem = file) => files.plan({ file, stem }),
    write: async (file: string, stem = file) => await files.write(await files.plan({ file, stem }), result),
  }
}

test('each format is a file of its own, and the folders of the recording are kept', async (t) => {
  const folder = join(tempFolder(t), 'made')
  const formats = ['text', 'json', 'jsonl', 'srt', 'vtt', 'tsv', 'verbose_json'] as const
  await outputs(folder, 'refuse', formats).write('a/talk')
  const endings = ['txt', 'json', 'jsonl', 'srt', 'vtt', 'tsv', 'verbose.json']
  assert.deepEqual(readdirSync(join(folder, 'a')).sort(), endings.map((ending) => `talk.${ending}`).sort())
  assert.equal(readFileSync(join(folder, 'a/talk.txt'), 'utf8'), 'heard\n')
  assert.equal(JSON.parse(readFileSync(join(folder, 'a/talk.json'), 'utf8')).file, 'talk.mp3')
})

test('what is there is refused, left, or replaced as it was asked for, before and after the work', async (t) => {
  const folder = tempFolder(t)
  const there = join(folder, 'talk.txt')
  writeFileSync(there, 'mine')
  await assert.rejects(outputs(folder).plan('talk'), {
    code: 'ASR_OUTPUT_EXISTS',
    message: "The output 'talk.txt' is there already.",
  })
  await outputs(folder, 'skip').write('talk')
  assert.deepEqual([readFileSync(there, 'utf8'), readdirSync(folder).sort()], ['mine', ['talk.json', 'talk.txt']])
  assert.deepEqual(await outputs(folder, 'skip').plan('talk'), [])
  await outputs(folder, 'overwrite').write('talk')
  assert.equal(readFileSync(there, 'utf8'), 'heard\n')

  const late = outputs(folder, 'refuse', ['srt'])
  const files = new OutputFiles({ folder, formats: ['srt'], subtitles: {}, ifExists: 'refuse' })
  const planned = await files.plan({ file: 'late', stem: 'late' })
  writeFileSync(join(folder, 'late.srt'), 'somebody else was faster')
  await assert.rejects(files.write(planned, result), { code: 'ASR_OUTPUT_EXISTS' })
  assert.equal(readFileSync(join(folder, 'late.srt'), 'utf8'), 'somebody else was faster')
  symlinkSync('nowhere', join(folder, 'link.srt'))
  await assert.rejects(late.plan('link'), { code: 'ASR_OUTPUT_EXISTS' })
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
    'nothing unfinished stays',
  )
})

test('of several outputs all are written or none: the first goes when the second cannot be there', async (t) => {
  const folder = tempFolder(t)
  const files = new OutputFiles({ folder, formats: ['text', 'srt'], subtitles: {}, ifExists: 'refuse' })
  const planned = await files.plan({ file: 'new', stem: 'new' })
  writeFileSync(join(folder, 'new.srt'), 'somebody else was faster')
  await assert.rejects(files.write(planned, result), { code: 'ASR_OUTPUT_EXISTS' })
  assert.deepEqual(readdirSync(folder), ['new.srt'])

  writeFileSync(join(folder, 'old.txt'), 'old text')
  mkdirSync(join(folder, 'old.srt/x'), { recursive: true })
  await assert.rejects(outputs(folder, 'overwrite', ['text', 'srt']).write('old'), { code: 'ASR_OUTPUT_UNWRITABLE' })
  assert.equal(readFileSync(join(folder, 'old.txt'), 'utf8'), 'old text')
  assert.deepEqual(readdirSync(folder).sort(), ['new.srt', 'old.srt', 'old.txt'])
})

test('what a killed process left unfinished is swept, once it is old', async (t) => {
  const folder = tempFolder(t)
  for (const name of ['.paradox-1-1.partial', '.paradox-1-99-1.partial', '.paradox-1-99-2.partial', '.paradox-notes']) {
    writeFileSync(join(folder, name), 'x')
    if (!name.includes('99-2')) utimesSync(join(folder, name), new Date(0), new Date(0))
  }
  await outputs(folder).plan('talk')
  assert.deepEqual(readdirSync(folder).sort(), ['.paradox-1-99-2.partial', '.paradox-notes'])
})

test('two recordings with one output are told from each other', async (t) => {
  const files = outputs(tempFolder(t))
  await files.plan('talk.mp3', 'talk')
  await assert.rejects(files.plan('talk.wav', 'talk'), {
    message: "The output 'talk.txt' is also that of 'talk.mp3'.",
  })
})

test('a folder that cannot be one, and a name that is too long, are named with the reason', async (t) => {
  const folder = tempFolder(t)
  writeFileSync(join(folder, 'file'), '')
  mkdirSync(join(folder, 'there'))
  await assert.rejects(outputs(join(folder, 'file')).plan('talk'), {
    message: "The output 'talk.txt' could not be written (a file has the name of its folder).",
  })
  await assert.rejects(outputs(folder).plan('x'.repeat(300)), { message: /\(its name is too long\)\.$/ })
})
