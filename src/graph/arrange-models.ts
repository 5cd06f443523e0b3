/** Tiny models by which rows that are kept on a device are put together and chosen, without ever leaving it. */

import { GraphBuilder } from './builder.ts'
import type { ComputeType } from './layers.ts'

/** `y` [N × width]: the float32 numbers `x`, as a device keeps them. */
export function keepModel(type: ComputeType): Uint8Array {
  const g = new GraphBuilder('keep')
  g.output('y', g.cast(g.input('x', 'float32', ['N', 'width']), type), type, ['N', 'width'])
  return g.finish()
}

/** `y` [N+M × width]: `held` [N × width], then `added` [M × width]. */
export function joinModel(type: ComputeType): Uint8Array {
  const g = new GraphBuilder('join')
  const rows = [g.input('held', type, ['N', 'width']), g.input('added', type, ['M', 'width'])]
  g.output('y', g.op('Concat', rows, { axis: 0 }), type, ['N+M', 'width'])
  return g.finish()
}

/** `y` [M × width]: the rows `order` [M] of `held` [N × width]. */
export function pickModel(type: ComputeType): Uint8Array {
  const g = new GraphBuilder('pick')
  const held = g.input('held', type, ['N', 'width'])
  g.output('y', g.op('Gather', [held, g.input('order', 'int32', ['M'])], { axis: 0 }), type, ['M', 'width'])
  return g.finish()
}
