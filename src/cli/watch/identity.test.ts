import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../../test/helpers/rigs/temp-folder.ts'
import { fileState, identify, isSame } from './identity.ts'

const NOON = new Date('2026-01-01T12:00:00Z')

test('a recording is the same wherever it lies, and another when it has grown or its ends differ', async (t) => {
  const folder = tempFolder(t)
  const path = join(folder, 'REC0001.WAV')
  const samples = Buffer.alloc(200_000, 'speech')
  const identityOf = async (contents: Buffer) => {
    writeFileSync(path, contents)
    utimesSync(path, NOON, NOON) // as a dictaphone without a clock has it
    return await identify(path)
  }
  const first = await identityOf(samples)
  assert.ok(isSame(first, await identityOf(samples)))
  copyFileSync(path, join(folder, 'copy.wav'))
  utimesSync(join(folder, 'copy.wav'), NOON, NOON)
  assert.ok(isSame(first, await identify(join(folder, 'copy.wav'))))
  const changedAt = (place: number) =>
    Buffer.concat([samples.subarray(0, place), Buffer.from('!'), samples.subarray(place + 1)])
  for (const place of [0, 32_000, 199_999])
    assert.ok(!isSame(first, await identityOf(changedAt(place))), `byte ${place}`)
  appendFileSync(path, 'more')
  assert.ok(!isSame(first, await identify(path)))
})

test('another time alone makes another recording only where a part of it was not looked at', async (t) => {
  const path = join(tempFolder(t), 'x.wav')
  for (const [bytes, expected] of [
    [60_000, true],
    [70_000, false],
  ] as const) {
    writeFileSync(path, Buffer.alloc(bytes))
    utimesSync(path, NOON, NOON)
    const before = await identify(path)
    utimesSync(path, NOON, new Date())
    assert.equal(isSame(before, await identify(path)), expected)
  }
})

test('a file that is not there, or is none, has no state', async (t) => {
  const folder = tempFolder(t)
  mkdirSync(join(folder, 'folder.wav'))
  writeFileSync(join(folder, 'x.wav'), 'x')
  assert.equal(await fileState(join(folder, 'folder.wav')), undefined)
  assert.equal(await fileState(join(folder, 'nowhere.wav')), undefined)
  assert.equal(await fileState(join(folder, 'x.wav/y.wav')), undefined)
  assert.match((await fileState(join(folder, 'x.wav'))) ?? '', /^\d+ 1 /)
})
