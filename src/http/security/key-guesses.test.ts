import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyGuesses } from './key-guesses.ts'

const [HERE, THERE] = ['192.0.2.1', '192.0.2.2']

test('after ten wrong keys an address waits for the rest of the minute, with the right key too', () => {
  let now = 0
  const guesses = new KeyGuesses(() => now)
  for (let i = 0; i < 10; i++) {
    assert.equal(guesses.secondsToWait(HERE, undefined), 0)
    guesses.noteWrong(HERE)
  }
  now = 20_000
  assert.equal(guesses.secondsToWait(HERE, undefined), 40)
  assert.equal(guesses.secondsToWait(HERE, 0), 40)
  assert.equal(guesses.secondsToWait(THERE, 0), 0)
  now = 60_000
  assert.equal(guesses.secondsToWait(HERE, 0), 0)
})

test('who has used a key before goes on with it, and with no other', () => {
  const guesses = new KeyGuesses(() => 0)
  assert.equal(guesses.secondsToWait(HERE, 3), 0)
  for (let i = 0; i < 20; i++) guesses.noteWrong(HERE)
  assert.equal(guesses.secondsToWait(HERE, 3), 0)
  assert.equal(guesses.secondsToWait(HERE, 4), 60)
})

test('addresses that have been silent are forgotten, so that none fills the memory', () => {
  const guesses = new KeyGuesses(() => 0)
  for (let i = 0; i < 10; i++) guesses.noteWrong(HERE)
  for (let i = 0; i < 10_000; i++) guesses.noteWrong(`address ${i}`)
  assert.equal(guesses.secondsToWait(HERE, undefined), 0)
})
