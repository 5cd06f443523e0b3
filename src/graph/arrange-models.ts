/** Two tiny models by which rows that are kept on a device are put together and chosen, without ever leaving it. */

import { GraphBuilder } from './builder.ts'

/** `y` [N+M × width]: `held` [N × width], then `added` [M × width]. */
export function joinModel(): Uint8Array {
  const g = new GraphBuilder('join')
  const rows = [g.input('held', 'float32', ['N', 'width']), g.input('added', 'float32', ['M', 'width'])]
  g.output('y', g.op('Concat', rows, { axis: 0 }), 'float32', ['N+M', 'width'])
  return g.finish()
}

/** `y` [M × width]: the rows `order` [M] of `held` [N × width]. */
export function pickModel(): Uint8Array {
  const g = new GraphBuilder('pick')
  const held = g.input('held', 'float32', ['N', 'width'])
  g.output('y', g.op('Gather', [held, g.input('order', 'int32', ['M'])], { axis: 0 }), 'float32', ['M', 'width'])
  return g.finish()
}
