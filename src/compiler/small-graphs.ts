/** Small graphs beside a model's own: rows of the GPU's memory put together and chosen, candidates, a probe. */

import { GraphBuilder } from './builder.ts'
import { addCandidates } from './decoder.ts'
import type { ComputeType } from './layers.ts'

/** `y` [N × width]: the float32 numbers `x`, as a GPU keeps them. */
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

/**
 * Candidates chosen on the CPU, of logits that WebGPU has computed: its TopK sorts the whole vocabulary in 136 dispatches,
 * and its arithmetic promises nothing about the infinities that a bias has.
 *
 * Inputs `logits` [B × K × V], `token_bias` [B or 1 × 1 × V] and `n_best` [1]; outputs `best_tokens` and
 * `best_logprobs` [B × K × N], as the decoder's graph for the CPU gives them.
 */
export function candidatesModel(vocabSize: number): Uint8Array {
  const g = new GraphBuilder('candidates')
  addCandidates(g, vocabSize, g.input('logits', 'float32', ['B', 'K', vocabSize]))
  return g.finish()
}

/** The smallest graph there is, to find out whether a device runs anything at all: y = x + x for x [1]. */
export function probeModel(): Uint8Array {
  const g = new GraphBuilder('probe')
  const x = g.input('x', 'float32', [1])
  g.output('y', g.op('Add', [x, x]), 'float32', [1])
  return g.finish()
}
