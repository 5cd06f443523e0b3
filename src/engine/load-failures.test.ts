import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../test/helpers/fakes/manual-clock.ts'
import { HubUnreachableError, ModelLoadError } from '../errors/index.ts'
import type { ModelEntry } from '../models/registry.ts'
import { LoadFailures } from './load-failures.ts'

const MINUTES = 60_000
const cause = new HubUnreachableError('somebody/tiny')

function entry(id: string, repo = `somebody/${id}`): ModelEntry {
  const origin = { kind: 'hub', repo, revision: 'main' } as const
  return { id, origin, strategy: undefined, language: undefined, tokenizer: undefined }
}

/** What a request for the model gets now; undefined: it is tried. */
function paused(failures: LoadFailures, id: string): ModelLoadError | undefined {
  try {
    failures.throwIfPaused(id)
    return undefined
  } catch (error) {
    assert.ok(error instanceof ModelLoadError)
    return error
  }
}

test('a failure is the answer until the next try, and says how long that is', () => {
  const clock = manualClock()
  const failures = new LoadFailures(clock)
  assert.equal(paused(failures, 'a'), undefined)
  const noted = failures.note(entry('a'), new ModelLoadError('a', cause))
  assert.equal(noted.retryAfterSeconds, 5)
  clock.advance(1_500)
  const again = paused(failures, 'a')!
  assert.equal(again.sentence, noted.sentence)
  assert.equal(again.retryAfterSeconds, 4, 'rounded up, so that nobody comes too early')
  assert.deepEqual(failures.list(), [
    { ...failures.list()[0], modelId: 'a', error: noted, retryAt: clock.now() + 3_500 },
  ])
  assert.equal(paused(failures, 'b'), undefined)
  clock.advance(3_500)
  assert.equal(paused(failures, 'a'), undefined)
  assert.deepEqual(failures.list(), [])
})

test('the pause doubles with each failure in a row, up to five minutes', () => {
  const clock = manualClock()
  const failures = new LoadFailures(clock)
  const pauses = Array.from({ length: 9 }, () => {
    const { retryAfterSeconds = 0 } = failures.note(entry('a'), new ModelLoadError('a', cause))
    clock.advance(1000 * retryAfterSeconds)
    return retryAfterSeconds
  })
  assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300])
  clock.advance(5 * MINUTES)
  assert.equal(failures.note(entry('a'), cause).retryAfterSeconds, 5, 'what is long past does not count')
})

test('a failure is forgotten by the model, or by the files that several models have', () => {
  const failures = new LoadFailures(manualClock())
  for (const one of [entry('a', 'somebody/shared'), entry('b', 'somebody/shared'), entry('c')])
    failures.note(one, cause)
  failures.forget('a')
  assert.equal(paused(failures, 'a'), undefined)
  assert.ok(paused(failures, 'b'))
  failures.forgetAllOf(entry('a', 'somebody/shared').origin)
  assert.equal(paused(failures, 'b'), undefined)
  assert.ok(paused(failures, 'c'))
})

test('no more failures are kept than a hundred, however many models are asked for', () => {
  const failures = new LoadFailures(manualClock())
  for (let i = 0; i < 250; i++) failures.note(entry(`m${i}`), cause)
  assert.equal(failures.list().length, 100)
  assert.equal(paused(failures, 'm149'), undefined)
  assert.ok(paused(failures, 'm150'))
})
