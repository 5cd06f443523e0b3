/**
 * Random numbers for sampling that are the same each time: what is drawn for a text depends on the seed and the text's
 * place, never on what is drawn elsewhere, so that windows and requests may run in any order and company.
 */

/** Uniform in [0, 1). */
export type RandomStream = () => number

/**
 * A stream of its own for each list of keys.
 *
 * @param keys  any numbers, such as seed, window, temperature and row.
 */
export function randomStream(...keys: readonly number[]): RandomStream {
  let state = hashed(keys)
  // splitmix32: a counter whose values are mixed, so that streams that begin close to one another have nothing in common.
  return () => {
    state = (state + 0x9e3779b9) | 0
    return (mixed(state) >>> 0) / 2 ** 32
  }
}

/** FNV-1a over the bits of the keys. */
function hashed(keys: readonly number[]): number {
  const words = new Uint32Array(Float64Array.from(keys).buffer)
  return words.reduce((hash, word) => mixed(Math.imul(hash ^ word, 16777619)), 0x811c9dc5)
}

/** @see https://github.com/aappleby/smhasher MurmurHash3 `fmix32` */
function mixed(value: number): number {
  let bits = value
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}
