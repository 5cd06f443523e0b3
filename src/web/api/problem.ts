/** What went wrong, in a form that the page can put into words, beside the service's own sentence. */

export type ProblemKind =
  | 'unreachable'
  | 'cut-off'
  | 'key'
  | 'busy'
  | 'too-large'
  | 'recording'
  | 'option'
  | 'model'
  | 'closing'
  | 'service'
  /** A defect of ours. */
  | 'page'

export interface Problem {
  readonly kind: ProblemKind
  /** Of the answer; undefined where there was none. */
  readonly status?: number
  /** What the service, or the page itself, said in English; undefined where it said nothing. */
  readonly sentence?: string
  readonly code?: string
  /** How long the service asks to wait. */
  readonly retryAfterSeconds?: number
}

/** The way in which requests fail here. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.sentence ?? problem.kind, options)
    this.problem = problem
  }
}

/** No answer came at all. */
export const UNREACHABLE: Problem = { kind: 'unreachable' }
/** An answer began and did not end. */
export const CUT_OFF: Problem = { kind: 'cut-off' }

/** A service's failure, as it stands in the body of an answer or in an event. */
export interface ErrorBody {
  readonly message?: unknown
  readonly param?: unknown
  readonly code?: unknown
}

const RECORDING_CODES = /^(audio_|upload_missing|upload_stalled)/
const MODEL_CODES = /^(model_|hub_|checkpoint_|package_index|sources_exhausted|cache_unwritable|disk_full)/

/**
 * @param status      of the answer; 0 for a failure that came as an event.
 * @param body        of the answer, as text.
 * @param retryAfter  the header of that name, in seconds.
 */
export function problemOf(status: number, body: string, retryAfter: string | null = null): Problem {
  const { message, code } = errorIn(body)
  const seconds = Number(retryAfter ?? Number.NaN)
  return {
    kind: kindOf(status, typeof code === 'string' ? code : ''),
    ...(status > 0 && { status }),
    ...(typeof message === 'string' && { sentence: message }),
    ...(typeof code === 'string' && { code }),
    ...(seconds >= 0 && { retryAfterSeconds: seconds }),
  }
}

function kindOf(status: number, code: string): ProblemKind {
  if (status === 401) return 'key'
  if (status === 413) return 'too-large'
  if (status === 429 || status === 409 || code === 'model_busy') return 'busy'
  if (status === 502 || status === 504) return 'unreachable' // a proxy says so
  if (code === 'service_closing') return 'closing'
  if (RECORDING_CODES.test(code)) return 'recording'
  if (MODEL_CODES.test(code)) return 'model'
  if (status === 400 || status === 404 || status === 415) return 'option'
  return 'service'
}

function errorIn(body: string): ErrorBody {
  try {
    const { error } = JSON.parse(body) as { error?: ErrorBody }
    return error ?? {}
  } catch {
    return {} // a proxy's page, or nothing
  }
}
