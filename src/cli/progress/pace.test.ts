import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Pace } from './pace.ts'

/** A clock that goes when it is told. */
function paceOf(files: Readonly<Record<string, number>>, durations: Readonly<Record<string, number>> = {}) {
  let nowMs = 0
  const asked: string[] = []
  const pace = new Pace({
    files: new Map(Object.entries(files)),
    durationOf: async (file) => {
      asked.push(file)
      return durations[file]
    },
    now: () => nowMs,
  })
  const at = (seconds: number) => {
    nowMs = seconds * 1000
    return pace
  }
  return { pace, at, asked }
}

test('speed and rest of one file follow from what is done of its length', async () => {
  const { at, asked } = paceOf({ a: 100 }, { a: 60 })
  at(0).show('a', 0)
  await setImmediate()
  at(5).show('a', 30)
  const pace = at(5)
  assert.deepEqual(pace.current, [{ file: 'a', doneSeconds: 30, totalSeconds: 60 }])
  assert.deepEqual([pace.fraction, pace.timesRealTime, pace.remainingSeconds], [0.5, 6, 5])
  assert.equal(at(7).remainingSeconds, 3) // it goes on while nothing is heard
  assert.equal(at(100).remainingSeconds, 0)
  assert.deepEqual(asked, ['a'])
})

test('of several files the bytes tell how much is left, and those that take no time do not count', () => {
  const { at } = paceOf({ a: 100, b: 300, c: 100, d: 100 })
  at(0).show('a', 0)
  at(10).finish('a', 50)
  assert.equal(at(10).remainingSeconds, 50)
  at(10).finish('c', undefined)
  at(10).finish('d', undefined)
  const pace = at(10)
  assert.deepEqual([pace.nEnded, pace.nFiles, pace.fraction, pace.remainingSeconds], [3, 4, 0.25, 30])
  assert.equal(pace.timesRealTime, 5)
})

test('a long file in few bytes counts by its length, once that is known', async () => {
  const { at } = paceOf({ 'short.wav': 1000, 'long.opus': 1000, 'next.opus': 1000 }, { 'long.opus': 990 })
  at(0).show('short.wav', 0)
  at(10).finish('short.wav', 10)
  at(10).show('long.opus', 0)
  await setImmediate()
  const pace = at(20)
  pace.show('long.opus', 40)
  // Of the next one nothing is known but its bytes, which are taken for 500 seconds.
  assert.equal(pace.fraction, 50 / 1500)
  assert.equal(pace.remainingSeconds, 20 * (1500 / 50) - 20)
})

test('what the load of the model takes is not counted', () => {
  const { at } = paceOf({ a: 1 })
  at(0).show('a', 0)
  at(60).restart()
  at(62).show('a', 20)
  assert.equal(at(62).timesRealTime, 10)
  at(62).finish('a', 20)
  at(100).restart()
  assert.equal(at(100).timesRealTime, 10)
})

test('a length that has been passed, or cannot be found out, is none', async () => {
  const { at } = paceOf({ a: 1, b: 1 }, { a: 10 })
  at(0).show('a', 0)
  at(0).show('b', 0)
  await setImmediate()
  at(1).show('a', 11)
  assert.deepEqual(
    at(1).current.map(({ totalSeconds }) => totalSeconds),
    [undefined, undefined],
  )
})

test('nothing is estimated before anything can be', () => {
  const { at, pace } = paceOf({})
  assert.deepEqual(
    [pace.fraction, pace.timesRealTime, pace.remainingSeconds, pace.current],
    [0, undefined, undefined, []],
  )
  at(0.5).show('a', 3)
  assert.equal(pace.timesRealTime, undefined)
})
