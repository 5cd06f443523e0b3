/**
 * Greedy search as graph nodes: which token comes next by the filters of `decode/logit-filters.ts`, and what follows for a
 * row's text. All rows have said the same number of tokens; those that have ended are fed eot.
 *
 * @see openai/whisper:whisper/decoding.py `GreedyDecoder`, `ApplyTimestampRules`
 */

import type { Body, GraphBuilder, Value } from './builder.ts'

/** What is asked of a text. Scalars unless a shape is given. */
export interface SearchInputs {
  /** [B or 1 × V], added to the logits of every step: 0, or -∞ for what is never said. */
  readonly tokenBias: Value
  /** [B or 1 × V], added to the logits of the first step too. */
  readonly beginBias: Value
  readonly eot: Value
  /** Whether timestamp tokens are said, by Whisper's rules. */
  readonly withTimestamps: Value
  /** [1] The first timestamp token. */
  readonly timestampBegin: Value
  /** The last timestamp token that a text may begin with. */
  readonly latestFirst: Value
  /** Whether a row that repeats itself ends. */
  readonly stopLoops: Value
}

export function searchInputs(g: GraphBuilder, vocabSize: number): SearchInputs {
  return {
    tokenBias: g.input('token_bias', 'float32', ['B or 1', vocabSize]),
    beginBias: g.input('begin_bias', 'float32', ['B or 1', vocabSize]),
    eot: g.input('eot', 'int64', []),
    withTimestamps: g.input('with_timestamps', 'bool', []),
    timestampBegin: g.input('timestamp_begin', 'int64', [1]),
    latestFirst: g.input('latest_first', 'int64', []),
    stopLoops: g.input('stop_loops', 'bool', []),
  }
}

/** The texts of B rows. */
export interface Texts {
  /** [B × 12+t]: `LOOKBACK` times -1, which is no token, then what has been said, eot from a row's end on. */
  readonly said: Value
  /** [B × t] natural logarithms, 0 behind a row's end. */
  readonly logprobs: Value
  /** [B × 1] bool */
  readonly ended: Value
  /** [B × 11], for each of `PERIODS`: the number of tokens up to the last that equal the one so many places before. */
  readonly repeats: Value
}

/** Of a phrase that repeats: its length in tokens, the longest first. */
const PERIODS = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2] as const
/** Rounds of a phrase after its first that make a loop. */
const ROUNDS = 3
/** Places before the first token, so that every token has one so far before it. */
export const LOOKBACK = 12

interface Choice {
  /** [B × 1] */
  readonly token: Value
  readonly logprob: Value
}

/** @param logits  [B × V] behind the prompt. */
export function beginTexts(g: GraphBuilder, inputs: SearchInputs, logits: Value, vocabSize: number): Texts {
  const biased = g.op('Add', [g.op('Add', [logits, inputs.tokenBias]), inputs.beginBias])
  const limits = (): Limits => ({
    firstText: inputs.timestampBegin,
    firstTimestamp: inputs.timestampBegin,
    lastTimestamp: inputs.latestFirst,
  })
  const choice = choose(g, inputs, biased, vocabSize, limits)
  const column = (value: Value, nColumns: number) =>
    g.op('Expand', [value, g.op('Concat', [rowsOf(g, logits), g.ints([nColumns])], { axis: 0 })])
  const none: Texts = {
    said: column(g.ints(-1), LOOKBACK),
    logprobs: column(g.scalar(0), 0),
    ended: g.cast(column(g.ints(0), 1), 'bool'),
    repeats: column(g.ints(0), PERIODS.length),
  }
  return append(g, inputs, none, choice)
}

/** @param logits  [B × V] behind the last token of `texts`. */
export function continueTexts(
  g: GraphBuilder,
  inputs: SearchInputs,
  texts: Texts,
  logits: Value,
  vocabSize: number,
): Texts {
  const biased = g.op('Add', [logits, inputs.tokenBias])
  const choice = choose(g, inputs, biased, vocabSize, () => limitsAfter(g, inputs, texts.said, vocabSize))
  return append(g, inputs, texts, choice)
}

/** Bool scalar: not all rows have ended. */
export function goesOn(g: GraphBuilder, { ended }: Texts): Value {
  const least = g.op('ReduceMin', [g.cast(ended, 'int32')], { keepdims: 0 })
  return g.op('Not', [g.cast(least, 'bool')])
}

/** [B × 1] the last token of each row. */
export function lastToken(g: GraphBuilder, { said }: Texts): Value {
  return columns(g, said, -1, undefined)
}

// ── which tokens may come next ──────────────────────────────────────────────────────────────────────────────────────

/** Text tokens below one, timestamp tokens outside two others may not come next; each [B × 1] or one for all rows. */
interface Limits {
  readonly firstText: Value
  readonly firstTimestamp: Value
  readonly lastTimestamp: Value
}

function limitsAfter(g: GraphBuilder, { eot, timestampBegin }: SearchInputs, said: Value, vocabSize: number): Limits {
  const [last, before] = [columns(g, said, -1, undefined), columns(g, said, -2, -1)]
  const isTimestamp = (token: Value) => g.op('GreaterOrEqual', [token, timestampBegin])
  const isAlone = g.op('And', [
    isTimestamp(last),
    g.op('Not', [g.op('Or', [isTimestamp(before), g.op('Less', [before, g.ints(0)])])]),
  ])
  const isSecond = g.op('And', [isTimestamp(last), g.op('Not', [isAlone])])
  const nobody = g.op('Sub', [timestampBegin, g.ints(1)])
  const latest = g.op('ReduceMax', [g.op('Where', [isTimestamp(said), said, nobody])], { axes: [1] }) // [B × 1]
  // A pair's second may equal its first; a new segment may not begin before the last one has ended.
  const notBack = g.op('Where', [isAlone, latest, g.op('Add', [latest, g.ints(1)])])
  return {
    // A pair must be completed, or the text ends.
    firstText: g.op('Where', [isAlone, eot, g.ints(0)]),
    firstTimestamp: g.op('Where', [isSecond, g.ints(vocabSize), notBack]),
    lastTimestamp: g.ints(vocabSize),
  }
}

/** The likeliest token of each row of [B × V]. */
function choose(g: GraphBuilder, inputs: SearchInputs, biased: Value, vocabSize: number, limits: () => Limits): Choice {
  const ruled = branch(g, inputs.withTimestamps, {
    yes: () => withTimestampRules(g, inputs, biased, vocabSize, limits()),
    no: () => g.op('Identity', [biased]),
  })
  const token = g.op('ArgMax', [ruled], { axis: 1, keepdims: 1 })
  return { token, logprob: g.op('GatherElements', [g.op('LogSoftmax', [ruled], { axis: 1 }), token], { axis: 1 }) }
}

function withTimestampRules(
  g: GraphBuilder,
  { timestampBegin }: SearchInputs,
  logits: Value,
  vocabSize: number,
  { firstText, firstTimestamp, lastTimestamp }: Limits,
): Value {
  const never = g.scalar(Number.NEGATIVE_INFINITY)
  const ids = g.op('Range', [g.ints(0), g.ints(vocabSize), g.ints(1)])
  const isText = g.op('Less', [ids, timestampBegin])
  const isAllowedText = g.op('And', [isText, g.op('GreaterOrEqual', [ids, firstText])])
  const isInTime = g.op('And', [
    g.op('GreaterOrEqual', [ids, firstTimestamp]),
    g.op('LessOrEqual', [ids, lastTimestamp]),
  ])
  const isAllowedTimestamp = g.op('And', [g.op('Not', [isText]), isInTime])
  const allowed = g.op('Where', [g.op('Or', [isAllowedText, isAllowedTimestamp]), logits, never])

  // Timestamps are said where they are together likelier than any single word.
  const timestamps = g.op('Slice', [allowed, timestampBegin, g.ints([vocabSize]), g.ints([1])])
  const texts = g.op('Slice', [allowed, g.ints([0]), timestampBegin, g.ints([1])])
  const isTime = g.op('Greater', [logSumExp(g, timestamps), g.op('ReduceMax', [texts], { axes: [1] })])
  return g.op('Where', [g.op('And', [isTime, isText]), never, allowed])
}

/** [B × N] → [B × 1], -∞ where all are. ReduceLogSumExp leaves it to each device what comes of that. */
function logSumExp(g: GraphBuilder, x: Value): Value {
  const largest = g.op('Max', [g.op('ReduceMax', [x], { axes: [1] }), g.scalar(-1e30)])
  const sum = g.op('ReduceSum', [g.op('Exp', [g.op('Sub', [x, largest])]), g.ints([1])])
  return g.op('Add', [g.op('Log', [sum]), largest])
}

// ── what follows for the texts ──────────────────────────────────────────────────────────────────────────────────────

function append(g: GraphBuilder, { eot, stopLoops }: SearchInputs, texts: Texts, choice: Choice): Texts {
  const token = g.op('Where', [texts.ended, eot, choice.token])
  const said = g.op('Concat', [texts.said, token], { axis: 1 })
  const logprob = g.op('Where', [texts.ended, g.scalar(0), choice.logprob])

  // Of the last 13 tokens the first eleven are those 12, 11, … 2 places before the last.
  const earlier = columns(g, said, -1 - PERIODS[0], -PERIODS.at(-1)!)
  const isSame = g.cast(g.op('Equal', [earlier, token]), 'int64')
  const repeats = g.op('Mul', [g.op('Add', [texts.repeats, g.ints(1)]), isSame])
  const isLoop = g.op('GreaterOrEqual', [repeats, g.ints(PERIODS.map((period) => ROUNDS * period))])
  const isAnyLoop = g.cast(g.op('ReduceMax', [g.cast(isLoop, 'int32')], { axes: [1] }), 'bool') // [B × 1]

  const ends = g.op('Or', [g.op('Equal', [token, eot]), g.op('And', [isAnyLoop, stopLoops])])
  return {
    said,
    logprobs: g.op('Concat', [texts.logprobs, logprob], { axis: 1 }),
    ended: g.op('Or', [texts.ended, ends]),
    repeats,
  }
}

// ── helpers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Columns of [B × N], counted from the end where negative. */
export function columns(g: GraphBuilder, x: Value, from: number, to: number | undefined): Value {
  return g.op('Slice', [x, g.ints([from]), g.ints([to ?? Number.MAX_SAFE_INTEGER]), g.ints([1])])
}

/** [1]: the number of rows. */
export function rowsOf(g: GraphBuilder, x: Value): Value {
  return g.op('Slice', [g.op('Shape', [x]), g.ints([0]), g.ints([1])])
}

/** One of two float32 values, of which only the one is computed. */
export function branch(g: GraphBuilder, condition: Value, ways: { yes: () => Value; no: () => Value }): Value {
  return branches(g, condition, ['float32'], { yes: () => [ways.yes()], no: () => [ways.no()] })[0]!
}

/** The same for several values. */
export function branches(
  g: GraphBuilder,
  condition: Value,
  types: readonly ('float32' | 'int64')[],
  { yes, no }: { yes: () => readonly Value[]; no: () => readonly Value[] },
): Value[] {
  const body = (name: string, way: () => readonly Value[]): Body =>
    g.body(name, [], () => way().map((value, i) => [value, types[i]!] as const))
  const attributes = { then_branch: body('yes', yes), else_branch: body('no', no) }
  return g.ops('If', [condition], types.length, attributes)
}
