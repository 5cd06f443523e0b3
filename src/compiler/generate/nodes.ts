/** Nodes that rows of tokens are made with. */

import type { Body, GraphBuilder, Value } from '../builder.ts'

/** Columns of [B × N], counted from the end where negative. */
export function columns(g: GraphBuilder, x: Value, from: number, to: number | undefined): Value {
  return g.op('Slice', [x, g.ints([from]), g.ints([to ?? Number.MAX_SAFE_INTEGER]), g.ints([1])])
}

/** [1]: the number of rows. */
export function rowsOf(g: GraphBuilder, x: Value): Value {
  return g.op('Slice', [g.op('Shape', [x]), g.ints([0]), g.ints([1])])
}

/** [N] 0, 1, … below a scalar. */
export function within(g: GraphBuilder, end: Value): Value {
  return g.op('Range', [g.ints(0), end, g.ints(1)])
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
