/** The smallest model there is, to find out whether a device runs anything at all. */

import { GraphBuilder } from './builder.ts'

/** y = x + x for x [1]. */
export function probeModel(): Uint8Array {
  const g = new GraphBuilder('probe')
  const x = g.input('x', 'float32', [1])
  g.output('y', g.op('Add', [x, x]), 'float32', [1])
  return g.finish()
}
