/**
 * The base of every failure that we expect: a stable code, one sentence and a remedy.
 *
 * Only `http` and `cli` turn codes into statuses and exit codes, each by a table of its own.
 * Neither `message` nor `remedy` may hold a path, a token or a stack: both reach the caller. What helps the operator
 * goes into `cause`, which is logged.
 */

export type ErrorCode = `ASR_${string}`

/** Base of every failure we expect. `code` is a public promise; `message` may be reworded. */
export abstract class AsrError extends Error {
  abstract readonly code: ErrorCode
  /** The next step for the person who reads this; an imperative sentence. */
  abstract readonly remedy: string
  /** The field of the request that is to blame, under its usual name, such as `beam_size`; undefined for none. */
  readonly param: string | undefined = undefined

  /** The one sentence that a caller sees: what was wrong, then what to do. */
  get sentence(): string {
    return `${this.message.replace(/\.$/, '')}: ${lowerFirst(this.remedy)}`
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
