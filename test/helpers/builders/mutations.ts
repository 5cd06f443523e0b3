/** Damage of every kind to a file that was whole: what a hostile or a broken program might have left in its place. */

import fc from 'fast-check'

/** Bits turned, bytes cut out, repeated, overwritten by extremes, and the end cut off. */
export function mutatedBytes(whole: Uint8Array): fc.Arbitrary<Buffer> {
  // Most of what a reader decides stands at the beginning, so half of all damage is there.
  const place = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.05, noNaN: true }))
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('turn' as const), place, byte: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant('extreme' as const), place, byte: fc.constantFrom(0, 0x7f, 0x80, 0xff) }),
    fc.record({ kind: fc.constant('remove' as const), place, byte: fc.integer({ min: 1, max: 64 }) }),
    fc.record({ kind: fc.constant('repeat' as const), place, byte: fc.integer({ min: 1, max: 64 }) }),
    fc.record({ kind: fc.constant('cut' as const), place, byte: fc.constant(0) }),
  )
  return fc.array(damage, { minLength: 1, maxLength: 6 }).map((damages) => {
    let bytes = Buffer.from(whole)
    for (const { kind, place, byte } of damages) {
      const at = Math.floor(place * Math.max(0, bytes.length - 1))
      if (kind === 'turn' && bytes.length > 0) bytes[at]! ^= byte
      if (kind === 'extreme') bytes.fill(byte, at, Math.min(bytes.length, at + 8))
      if (kind === 'remove') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + byte)])
      if (kind === 'repeat') bytes = Buffer.concat([bytes.subarray(0, at + byte), bytes.subarray(at)])
      if (kind === 'cut') bytes = bytes.subarray(0, at)
    }
    return bytes
  })
}

const EXTREMES = [
  null,
  true,
  '',
  'x'.repeat(100_000),
  '../../../etc/passwd',
  -1,
  0.5,
  2 ** 31,
  2 ** 53,
  1e308,
  [],
  {},
  Array.from({ length: 50_000 }, (_, i) => i),
  Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key ${i}`, i])),
]

/** One to three values of a JSON document replaced by others of any kind, or left out. */
export function mutatedJson(whole: unknown): fc.Arbitrary<unknown> {
  const instead = fc.oneof(fc.constantFrom(...EXTREMES), fc.jsonValue(), fc.constant(undefined))
  const change = fc.record({ steps: fc.array(fc.nat({ max: 1000 }), { minLength: 0, maxLength: 4 }), instead })
  return fc
    .array(change, { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce<unknown>((value, { steps, instead }) => replaced(value, steps, instead), whole))
}

/** @param steps  which member to go into, at each depth. */
function replaced(value: unknown, [step, ...rest]: readonly number[], instead: unknown): unknown {
  const isContainer = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (step === undefined || !isContainer) return instead
  const copy = Array.isArray(value) ? [...value] : { ...value }
  const keys = Object.keys(copy)
  const key = keys[step % keys.length]!
  const changed = replaced(Reflect.get(copy, key), rest, instead)
  if (changed === undefined) Reflect.deleteProperty(copy, key)
  else Object.defineProperty(copy, key, { value: changed, enumerable: true, configurable: true, writable: true })
  return copy
}
