import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { silentLogger } from '../logger.ts'
import type { ModelEntry } from '../models/registry.ts'
import { type MeasuredEngine, MemoryLimit } from './memory-limit.ts'

type State = 'loading' | 'loaded' | 'ending'

/** Of the entry only the id is looked at. */
function engine(id: string, residentBytes: number | undefined, state: State = 'loaded'): MeasuredEngine {
  return {
    entry: { id } as ModelEntry,
    residentBytes,
    isLoaded: state === 'loaded',
    isEnding: state === 'ending',
  }
}

const newLimit = (maxBytes: number | undefined) => new MemoryLimit({ maxBytes, logger: silentLogger })

test('a model has room beside others where it fits with what it took last time', () => {
  const limit = newLimit(100)
  limit.look(engine('b', 40))
  limit.look(engine('b', 30)) // the last look counts
  assert.ok(limit.hasRoomFor('b', [engine('a', 70)]))
  assert.ok(!limit.hasRoomFor('b', [engine('a', 71)]))
})

test('a model that has not been seen is expected to take as much as the largest that has', () => {
  const limit = newLimit(100)
  limit.look(engine('a', 60))
  limit.look(engine('b', 20))
  assert.ok(limit.hasRoomFor('new', [engine('b', 40)]))
  assert.ok(!limit.hasRoomFor('new', [engine('b', 41)]))
})

test('one alone always has room', () => {
  const limit = newLimit(100)
  limit.look(engine('a', 500))
  assert.ok(limit.hasRoomFor('a', []))
})

test('a model that is loading counts with what it will take, one that is ending with what it has', () => {
  const limit = newLimit(100)
  limit.look(engine('a', 60))
  assert.ok(limit.isExceeded([engine('a', 5, 'loading'), engine('b', 41)]))
  assert.ok(!limit.isExceeded([engine('a', 5, 'ending'), engine('b', 41)]))
  assert.ok(!limit.isExceeded([engine('a', 60), engine('b', 40)]))
  assert.ok(limit.isExceeded([engine('a', 61), engine('b', 40)]))
})

test('without a limit, and where the system does not tell, there is always room', () => {
  const none = newLimit(undefined)
  none.look(engine('a', 1e12))
  assert.ok(none.hasRoomFor('a', [engine('b', 1e12)]) && !none.isExceeded([engine('b', 1e12)]))
  const blind = newLimit(100)
  blind.look(engine('a', undefined))
  assert.ok(blind.hasRoomFor('a', [engine('b', undefined)]) && !blind.isExceeded([engine('b', undefined)]))
})

test('a model that is over the limit by itself is told of once, when it is loaded', () => {
  const lines: string[] = []
  const limit = new MemoryLimit({ maxBytes: 100, logger: pino({}, { write: (line) => void lines.push(line) }) })
  const [large, loading] = [engine('a', 200), engine('b', 200, 'loading')]
  for (const one of [large, large, loading]) limit.warn(one)
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /"modelId":"a".*MAX_MODEL_MEMORY/)
})
