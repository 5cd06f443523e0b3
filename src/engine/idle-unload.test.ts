import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../test/helpers/fakes/manual-clock.ts'
import type { ModelEntry } from '../models/registry.ts'
import { IdleUnload, type RestingEngine } from './idle-unload.ts'

interface Resting extends RestingEngine {
  restsSince: number | undefined
  isAwaitingUse: boolean
}

/** Models that rest from the start on, and a clock. */
function newRest(ttlMs: number | undefined, ids: readonly string[], exempt: readonly string[] = []) {
  const clock = manualClock()
  const unloaded: string[] = []
  const engines = new Map<string, Resting>()
  for (const id of ids) {
    // Of the entry only the id is looked at.
    engines.set(id, { entry: { id } as ModelEntry, restsSince: clock.now(), isAwaitingUse: false })
  }
  const idle = new IdleUnload<Resting>({
    ttlMs,
    exempt: new Set(exempt),
    clock,
    unload: ({ entry }) => {
      unloaded.push(entry.id)
      engines.delete(entry.id)
    },
    onDue: () => update(),
  })
  const update = () => idle.update([...engines.values()])
  return { clock, idle, update, unloaded, of: (id: string) => engines.get(id)! }
}

test('a model goes after its time of rest, and not before; each by its own time', () => {
  const { clock, update, unloaded, of } = newRest(1000, ['a', 'b'])
  of('b').restsSince = clock.now() + 500
  update()
  clock.advance(999)
  assert.deepEqual(unloaded, [])
  clock.advance(1)
  assert.deepEqual(unloaded, ['a'])
  clock.advance(500)
  assert.deepEqual(unloaded, ['a', 'b'])
})

test('a model that works has no time, and a new one when it rests again', () => {
  const { clock, idle, update, unloaded, of } = newRest(1000, ['a'])
  update()
  clock.advance(900)
  of('a').restsSince = undefined
  update()
  clock.advance(10_000)
  assert.deepEqual([unloaded, idle.expiresAt(of('a'))], [[], undefined])
  of('a').restsSince = clock.now()
  update()
  assert.equal(idle.expiresAt(of('a')), clock.now() + 1000)
  clock.advance(1000)
  assert.deepEqual(unloaded, ['a'])
})

test('without a time, and where it is exempt, a model stays', () => {
  const forever = newRest(undefined, ['a'])
  forever.update()
  forever.clock.advance(1e9)
  const exempt = newRest(0, ['a', 'b'], ['a'])
  exempt.update()
  assert.deepEqual([forever.unloaded, exempt.unloaded], [[], ['b']])
})

test('with no time at all, a model that was loaded on demand waits for its first request', () => {
  const { clock, update, unloaded, of } = newRest(0, ['a'])
  of('a').isAwaitingUse = true
  update()
  clock.advance(1e9)
  assert.deepEqual(unloaded, [])
  of('a').isAwaitingUse = false
  update()
  assert.deepEqual(unloaded, ['a'])
})

test('a timer that is called off unloads nothing', () => {
  const { clock, idle, update, unloaded } = newRest(1000, ['a'])
  update()
  idle.cancel()
  clock.advance(1e9)
  assert.deepEqual(unloaded, [])
})
