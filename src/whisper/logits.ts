/** Arithmetic on one row of logits, [V]. */

/** Sets the logits of `tokens` to -∞, so that they can never be chosen. */
export function suppress(logits: Float32Array, tokens: readonly number[]): void {
  for (const token of tokens) logits[token] = Number.NEGATIVE_INFINITY
}

export function argmax(logits: Float32Array): number {
  let best = 0
  for (let i = 1; i < logits.length; i++) {
    if (logits[i]! > logits[best]!) best = i
  }
  return best
}

/** log Σ exp(logits), shifted by the largest so that it cannot overflow. */
export function logSumExp(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < logits.length; i++) {
    if (logits[i]! > max) max = logits[i]!
  }
  let sum = 0
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - max)
  return max + Math.log(sum)
}

/** Natural log of the probability that softmax gives `token`. */
export function logprobOf(logits: Float32Array, token: number): number {
  return logits[token]! - logSumExp(logits)
}

/** Probabilities of `tokens` by a softmax over these tokens alone, in their order. */
export function softmaxOver(logits: Float32Array, tokens: readonly number[]): number[] {
  const chosen = Float32Array.from(tokens, (token) => logits[token]!)
  const total = logSumExp(chosen)
  return Array.from(chosen, (logit) => Math.exp(logit - total))
}
