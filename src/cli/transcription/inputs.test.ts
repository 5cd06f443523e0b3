import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { tempFolder } from '../../../test/helpers/rigs/temp-folder.ts'
import { findInputs } from './inputs.ts'

function folderWith(t: TestContext, ...files: readonly string[]): string {
  const folder = tempFolder(t)
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), 'x')
  }
  return folder
}

async function find(names: readonly string[], recursive = false) {
  const inputs = await findInputs(names, { recursive })
  return inputs.map(({ file, stem, failure }) => (failure ? failure.sentence : [file, stem]))
}

test('what is named is taken as it is, whether it is there or not, and its outputs lie flat', async (t) => {
  const folder = folderWith(t, 'sub/talk.mp3', 'take[1].wav', 'no ending', '-x.wav', 'line\nbreak.wav', '🎙️ a.b.ogg')
  const names = ['sub/talk.mp3', 'take[1].wav', 'no ending', '-x.wav', 'line\nbreak.wav', '🎙️ a.b.ogg', 'gone.wav']
  const stems = ['talk', 'take[1]', 'no ending', '-x', 'line\nbreak', '🎙️ a.b', 'gone']
  const paths = names.map((name) => join(folder, name))
  assert.deepEqual(
    await find(paths),
    paths.map((path, i) => [path, stems[i]]),
  )
})

test('a folder gives the recordings below it in natural order, and keeps their sub-folders for the outputs', async (t) => {
  const folder = folderWith(t, '10.wav', '2.wav', 'b/c/x.MP4', 'b/notes.txt', '.hidden/y.wav', '.z.wav', 'b/x.srt')
  assert.deepEqual(await find([folder], true), [
    [join(folder, '2.wav'), '2'],
    [join(folder, '10.wav'), '10'],
    [join(folder, 'b/c/x.MP4'), 'b/c/x'],
  ])
  assert.match(String(await find([folder])), /is a folder: add --recursive/)
  assert.match(String(await find([join(folder, '.hidden')], true)), /y\.wav/)
})

test('a pattern gives the files that match, and keeps the sub-folders below its fixed part', async (t) => {
  const folder = folderWith(t, 'in/2024/a.wav', 'in/2025/b.wav', 'in/c.ogg', 'in/list.txt')
  assert.deepEqual(await find([join(folder, 'in/**/*.wav')]), [
    [join(folder, 'in/2024/a.wav'), '2024/a'],
    [join(folder, 'in/2025/b.wav'), '2025/b'],
  ])
  assert.deepEqual(await find([join(folder, 'in/*.{ogg,txt}')]), [
    [join(folder, 'in/c.ogg'), 'c'],
    [join(folder, 'in/list.txt'), 'list'],
  ])
  assert.match(String(await find([join(folder, '*.flac')])), /^Nothing matches this pattern: correct it/)
})

test('a folder without a recording says so, and the others are found all the same', async (t) => {
  const folder = folderWith(t, 'texts/a.txt', 'b.wav')
  const found = await find([join(folder, 'texts'), join(folder, 'b.wav')], true)
  assert.match(String(found[0]), /^The folder holds no recording: /)
  assert.deepEqual(found[1], [join(folder, 'b.wav'), 'b'])
})

test('what several names find is taken once, at the place where it is named by itself', async (t) => {
  const folder = folderWith(t, 'a.wav', 'b.wav')
  const [a, b] = [join(folder, 'a.wav'), join(folder, 'b.wav')]
  assert.deepEqual(await find([join(folder, '*.wav'), a, folder], true), [
    [b, 'b'],
    [a, 'a'],
  ])
  assert.deepEqual(await find([a, a]), [
    [a, 'a'],
    [a, 'a'],
  ])
})

test('standard input is one recording, and can be named once', async () => {
  assert.deepEqual(await find(['-']), [['-', 'stdin']])
  await assert.rejects(findInputs(['-', '-'], { recursive: false }), { code: 'ASR_OPTION_INVALID' })
})
