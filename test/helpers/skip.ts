/** Why a test does not run, in a form that `scripts/run-tests.ts` can judge. */

/**
 * `data`: what set-up or CI brings is absent (weights, recordings, reference numbers, judges, a browser); never in CI.
 * `machine`: this machine is of another kind (no pseudo-terminal, no such shell, no root, another system, a GPU).
 */
export type SkipKind = 'data' | 'machine'

const KINDS: readonly SkipKind[] = ['data', 'machine']

/** For node:test: `test('…', { skip: skipped('machine', 'fish is not on this machine') }, …)`. */
export function skipped(kind: SkipKind, reason: string): string {
  return `${kind}: ${reason}`
}

/** The kind of a skip that was reported; undefined where its test did not say one. */
export function skipKindOf(reason: string): SkipKind | undefined {
  return KINDS.find((kind) => reason.startsWith(`${kind}: `))
}
