/**
 * Candidates chosen on the processor, of logits that a device has computed: WebGPU's TopK sorts the whole vocabulary in
 * 136 dispatches, and its arithmetic promises nothing about the infinities that a bias has.
 */

import { GraphBuilder } from './builder.ts'
import { addCandidates } from './decoder.ts'

/**
 * Inputs `logits` [B × K × V], `token_bias` [B or 1 × 1 × V] and `n_best` [1]; outputs `best_tokens` and
 * `best_logprobs` [B × K × N], as the decoder of a processor gives them.
 */
export function candidatesModel(vocabSize: number): Uint8Array {
  const g = new GraphBuilder('candidates')
  addCandidates(g, vocabSize, g.input('logits', 'float32', ['B', 'K', vocabSize]))
  return g.finish()
}
