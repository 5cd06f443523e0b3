import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FairShare } from './fair-share.ts'

test('who has had less is first', () => {
  const [long, short] = [new FairShare(0), new FairShare(0)]
  long.charge(400, 500)
  short.charge(100, 500)
  assert.ok(short.compare(long, 600) < 0)
  assert.ok(long.compare(short, 600) > 0)
})

test('beyond a second all take turns, whatever they have had', () => {
  const [a, b] = [new FairShare(0), new FairShare(0)]
  a.charge(60_000, 100)
  b.charge(2_000, 200)
  assert.ok(a.compare(b, 300) < 0, 'a has waited longer')
  a.charge(10, 300)
  assert.ok(b.compare(a, 400) < 0)
})

test('who has waited for a second is before those who have had nothing', () => {
  const long = new FairShare(0)
  long.charge(60_000, 0)
  const short = new FairShare(900)
  assert.ok(short.compare(long, 950) < 0)
  assert.ok(long.compare(short, 1100) < 0)
})
