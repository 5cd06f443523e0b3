/**
 * Rules for the next token, as graph nodes: the filters of `whisper/logit-filters.ts`, for rows that have said the same number of
 * tokens.
 *
 * @see openai/whisper:whisper/decoding.py `SuppressBlank`, `SuppressTokens`, `ApplyTimestampRules`
 */

import { TIMESTAMP_TOKENS } from '../../whisper-constants.ts'
import type { GraphBuilder, Value } from '../builder.ts'
import { branch, columns, within } from './nodes.ts'

/** Scalars unless a shape is given. */
export interface RuleInputs {
  /** [B or 1 × 1 × V], added to the logits of every step: 0, or -∞ for what is never said. */
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
  /** V */
  readonly vocabSize: number
}

export function ruleInputs(g: GraphBuilder, vocabSize: number): RuleInputs {
  return {
    tokenBias: g.input('token_bias', 'float32', ['B or 1', 1, vocabSize]),
    beginBias: g.input('begin_bias', 'float32', ['B or 1', 1, vocabSize]),
    eot: g.input('eot', 'int64', []),
    withTimestamps: g.input('with_timestamps', 'bool', []),
    timestampBegin: g.input('timestamp_begin', 'int64', [1]),
    latestFirst: g.input('latest_first', 'int64', []),
    vocabSize,
  }
}

/**
 * The logits behind the prompt with all at -∞ that no text may begin with.
 *
 * @param logits  [B × R × V]
 * @returns       [B·R × V]
 */
export function allowedFirst(g: GraphBuilder, inputs: RuleInputs, logits: Value): Value {
  const biased = g.op('Add', [g.op('Add', [logits, inputs.tokenBias]), inputs.beginBias])
  return ruled(g, inputs, biased, () => ({
    firstText: inputs.timestampBegin,
    firstTimestamp: inputs.timestampBegin,
    lastTimestamp: inputs.latestFirst,
  }))
}

/** The same behind texts that have said something: `said` [B·R × 12+t], -1 before a text's beginning. */
export function allowedNext(g: GraphBuilder, inputs: RuleInputs, logits: Value, said: Value): Value {
  return ruled(g, inputs, g.op('Add', [logits, inputs.tokenBias]), () => limitsAfter(g, inputs, said))
}

/**
 * Text tokens below one, timestamp tokens outside two others may not come next; each [B·R × 1] or one for all rows. Text that
 * was added behind the timestamps may come where all other text may.
 */
interface Limits {
  readonly firstText: Value
  readonly firstTimestamp: Value
  readonly lastTimestamp: Value
}

function limitsAfter(g: GraphBuilder, { eot, timestampBegin, vocabSize }: RuleInputs, said: Value): Limits {
  const [last, before] = [columns(g, said, -1, undefined), columns(g, said, -2, -1)]
  const isTimestamp = (token: Value) =>
    g.op('And', [
      g.op('GreaterOrEqual', [token, timestampBegin]),
      g.op('Less', [token, timestampEnd(g, timestampBegin)]),
    ])
  const isAlone = g.op('And', [
    isTimestamp(last),
    g.op('Not', [g.op('Or', [isTimestamp(before), g.op('Less', [before, g.ints(0)])])]),
  ])
  const isSecond = g.op('And', [isTimestamp(last), g.op('Not', [isAlone])])
  const beforeAll = g.op('Sub', [timestampBegin, g.ints(1)])
  const latest = g.op('ReduceMax', [g.op('Where', [isTimestamp(said), said, beforeAll])], { axes: [1] }) // [B·R × 1]
  // A pair's second may equal its first; a new segment may not begin before the last one has ended.
  const notBack = g.op('Where', [isAlone, latest, g.op('Add', [latest, g.ints(1)])])
  return {
    // A pair must be completed, or the text ends.
    firstText: g.op('Where', [isAlone, eot, g.ints(0)]),
    firstTimestamp: g.op('Where', [isSecond, g.ints(vocabSize), notBack]),
    lastTimestamp: g.ints(vocabSize),
  }
}

function ruled(g: GraphBuilder, inputs: RuleInputs, biased: Value, limits: () => Limits): Value {
  const logits = g.op('Reshape', [biased, g.ints([-1, inputs.vocabSize])])
  return branch(g, inputs.withTimestamps, {
    yes: () => withTimestampRules(g, inputs, logits, limits()),
    no: () => g.op('Identity', [logits]),
  })
}

function withTimestampRules(
  g: GraphBuilder,
  { timestampBegin, vocabSize }: RuleInputs,
  logits: Value,
  { firstText, firstTimestamp, lastTimestamp }: Limits,
): Value {
  const never = g.scalar(Number.NEGATIVE_INFINITY)
  const ids = within(g, g.ints(vocabSize))
  const end = timestampEnd(g, timestampBegin)
  const isAdded = g.op('GreaterOrEqual', [ids, end])
  const isBefore = g.op('Less', [ids, timestampBegin])
  const isText = g.op('Or', [isBefore, isAdded])
  const isAllowedText = g.op('Or', [
    g.op('And', [isBefore, g.op('GreaterOrEqual', [ids, firstText])]),
    g.op('And', [isAdded, g.op('Equal', [firstText, g.ints(0)])]),
  ])
  const isInTime = g.op('And', [
    g.op('GreaterOrEqual', [ids, firstTimestamp]),
    g.op('LessOrEqual', [ids, lastTimestamp]),
  ])
  const isAllowedTimestamp = g.op('And', [g.op('Not', [isText]), isInTime])
  const allowed = g.op('Where', [g.op('Or', [isAllowedText, isAllowedTimestamp]), logits, never])

  // Timestamps are said where they are together likelier than any single word.
  const timestamps = g.op('Slice', [allowed, timestampBegin, end, g.ints([1])])
  const texts = g.op('Where', [isText, allowed, never])
  const isTime = g.op('Greater', [logSumExp(g, timestamps), g.op('ReduceMax', [texts], { axes: [1] })])
  return g.op('Where', [g.op('And', [isTime, isText]), never, allowed])
}

/** [1] The token behind the last timestamp. */
function timestampEnd(g: GraphBuilder, timestampBegin: Value): Value {
  return g.op('Add', [timestampBegin, g.ints(TIMESTAMP_TOKENS)])
}

/** [B × N] → [B × 1], -∞ where all are. ReduceLogSumExp leaves it to each device what comes of that. */
function logSumExp(g: GraphBuilder, x: Value): Value {
  const largest = g.op('Max', [g.op('ReduceMax', [x], { axes: [1] }), g.scalar(-1e30)])
  const sum = g.op('ReduceSum', [g.op('Exp', [g.op('Sub', [x, largest])]), g.ints([1])])
  return g.op('Add', [g.op('Log', [sum]), largest])
}
