import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, squeezed, Timeline } from './timeline.ts'

const CLOCK: Clock = { isRight: true, mayJump: false, promisedSeconds: undefined }
const SECOND = 16_000

/** Silence before each of the blocks, in seconds. */
function silences(clock: Partial<Clock>, blocks: readonly (readonly [seconds: number, nSamples: number])[]) {
  const timeline = new Timeline({ ...CLOCK, ...clock })
  const placed = blocks.map(([seconds, nSamples]) => timeline.place(seconds, nSamples).nSilent / SECOND)
  return { placed, seconds: timeline.seconds, closed: timeline.closedSeconds }
}

test('blocks that follow each other are left as they are, rounding and all', () => {
  const blocks = Array.from(
    { length: 1000 },
    (_, i) => [Math.round((i * 341) / 16) / 1000 + (i % 3) * 0.01, 341] as const,
  )
  assert.ok(silences({}, blocks).placed.every((seconds) => seconds === 0))
})

test('what comes late is preceded by silence, at the start and within', () => {
  const { placed, seconds } = silences({}, [
    [3, SECOND],
    [4, SECOND],
    [7.5, SECOND],
  ])
  assert.deepEqual(placed, [3, 0, 2.5])
  assert.equal(seconds, 8.5)
})

test('an encoder that begins a little late moves nothing', () => {
  const { placed, seconds } = silences({}, [
    [0.092, SECOND],
    [1.092, SECOND],
    [5.092, SECOND],
  ])
  assert.deepEqual(placed, [0, 0, 3])
  assert.equal(seconds, 6)
})

test('gaps of an hour are believed, longer ones where the header covers them, and others are closed', () => {
  const blocks = [
    [0, SECOND],
    [3500, SECOND],
    [20_000, SECOND],
    [20_002, SECOND],
  ] as const
  const closed = silences({}, blocks)
  assert.deepEqual(closed.placed, [0, 3499, 0, 1])
  assert.equal(closed.closed, 20_000 - 3501)
  const covered = silences({ promisedSeconds: 20_003 }, blocks)
  assert.deepEqual([covered.seconds, covered.closed], [20_003, 0])
})

test('where clocks may jump, a gap above ten seconds is such a jump, and not told', () => {
  const { placed, closed } = silences({ mayJump: true }, [
    [20, SECOND],
    [26, SECOND],
    [7000, SECOND],
    [7003, SECOND],
  ])
  assert.deepEqual([placed, closed], [[20, 5, 0, 2], 0])
})

test('a clock that is wrong is not obeyed', () => {
  assert.deepEqual(
    silences({ isRight: false }, [
      [5, SECOND],
      [50, SECOND],
    ]).placed,
    [0, 0],
  )
})

test('a clock that runs slower than the samples is followed, a 64th of them at most', () => {
  const timeline = new Timeline(CLOCK)
  for (let i = 0; i < 1000; i++) {
    const { nLeftOut } = timeline.place(i * 0.099, 1600)
    assert.ok(Number.isInteger(nLeftOut) && nLeftOut <= 25)
  }
  assert.ok(Math.abs(timeline.seconds - 99) < 0.06, String(timeline.seconds))
})

test('what is left out is spread over the block', () => {
  const bytes = Uint8Array.from({ length: 12 }, (_, i) => i)
  assert.deepEqual([...squeezed(bytes, 2, 2)], [0, 1, 2, 3, 6, 7, 8, 9])
  assert.deepEqual([...squeezed(bytes, 2, 0)], [...bytes])
})
