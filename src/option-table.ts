/**
 * Options as tables: of each its check and its meaning. Code that takes options from a person (HTTP, the command line)
 * derives its fields, flags and documents from the table, so that none of them can name another range.
 */

import { z } from 'zod'
import { OptionInvalidError } from './errors/index.ts'
import { type JsonSchema, jsonSchema } from './schema.ts'

export type OptionTable = Readonly<Record<string, readonly [check: z.ZodType, meaning: string]>>

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S

/** The value of each option of a table, under its name in camelCase. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T & string as Camel<K>]: z.output<T[K][0]>
}

// ── checks ──────────────────────────────────────────────────────────────────────────────────────────────────────────
// Each takes a value or the string that stands for it, and has what it accepts, in words, as its description.

export function number(min: number, max: number) {
  return z.coerce.number().min(min).max(max).describe(`a number from ${min} to ${max}`)
}

export function integer(min: number, max: number) {
  return z.coerce.number().int().min(min).max(max).describe(`a whole number from ${min} to ${max}`)
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values).describe(`one of ${values.join(', ')}`)
}

/** One of some words, or a whole number. */
export function choiceOrNumber<const T extends readonly [string, ...string[]]>(words: T, min: number, max: number) {
  const count = z.coerce.number().int().min(min).max(max)
  return z.union([z.enum(words), count]).describe(`${words.join(', ')}, or a whole number from ${min} to ${max}`)
}

export const flag = z
  .union([z.boolean(), z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] })])
  .pipe(z.boolean())
  .describe('true or false')

export function text(maxLength: number) {
  return z.string().max(maxLength).describe(`a text of at most ${maxLength} characters`)
}

/** @param what  says what of a long one counts. */
export function anyText(what: string) {
  return z.string().describe(what)
}

/** Words as one text, or as a list in any way in which one is written. */
export function words(what: string) {
  const join = (value: unknown) => {
    const isList = typeof value === 'string' && value.trimStart().startsWith('[')
    const items = isList ? splitList(value, MOST_ITEMS) : value
    return Array.isArray(items) ? items.join(', ') : items
  }
  return z.preprocess(join, z.string()).describe(what)
}

/** Of a list that says nothing else. */
const MOST_ITEMS = 1000

/** Items in one text, as `splitList` reads them; `,` is a list of none. */
export function listOf<T>(item: z.ZodType<T>, what: string, { least = 0, most = MOST_ITEMS }) {
  const split = (value: unknown) =>
    typeof value === 'string' ? splitList(value, most) : Array.isArray(value) ? value : [value]
  return z.preprocess(split, z.array(item).min(least).max(most)).describe(what)
}

/** What clients write for a value that they do not have: JSON's word, Python's, and JavaScript's for a gap. */
const NOTHING = ['', 'null', 'None', 'undefined']

/** Whether a field, or an item of a list, says nothing. In a language the same words ask for detection. */
export function saysNothing(text: string, field?: string): boolean {
  return field === 'language' ? text.trim() === '' : NOTHING.includes(text.trim())
}

/** An item in quotation marks, up to the comma behind it. */
const QUOTED_ITEM = /\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|'([^'\\]*(?:\\.[^'\\]*)*)')\s*(?:,|$)/sy

/**
 * The items of a list that is written in one text, those that say nothing left out; one more than `most` where there are
 * more. It may be comma-separated (`a, b`), JSON (`["a", "b"]`), or what Python and Java make of a list (`['a', 'b']`,
 * `[a, b]`). A comma in quotation marks separates nothing.
 */
export function splitList(text: string, most: number): string[] {
  const list = withoutBrackets(text.trim())
  const items: string[] = []
  // Item by item: a text of nothing but commas, split as a whole, would become as many strings.
  for (let start = 0; start <= list.length && items.length <= most; ) {
    QUOTED_ITEM.lastIndex = start
    const quoted = QUOTED_ITEM.exec(list)
    const comma = list.indexOf(',', start)
    const end = quoted ? QUOTED_ITEM.lastIndex : comma < 0 ? list.length + 1 : comma + 1
    const item = (quoted ? unquoted(quoted) : list.slice(start, end - 1)).trim()
    if (quoted ? item !== '' : !saysNothing(item)) items.push(item)
    start = end
  }
  return items
}

/** The inside of brackets around the whole text, which those of `[a], [b]` are not. */
function withoutBrackets(text: string): string {
  const isList = text.startsWith('[') && text.endsWith(']')
  const isTuple = /^\(\s*['"]/.test(text) && text.endsWith(')')
  if (!isList && !isTuple) return text
  const inside = text.slice(1, -1)
  return /^[^'"[\]]*\]/.test(inside) ? text : inside
}

/** What JSON reads, where it is JSON's form; else, as Python writes it, the character behind each backslash. */
function unquoted([, double, single]: RegExpExecArray): string {
  try {
    if (double !== undefined) return JSON.parse(`"${double}"`)
  } catch {}
  return (double ?? single!).replace(/\\(.)/gs, '$1')
}

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The values of those options that are given, under their names in camelCase. Text that says nothing counts as not
 * given, as forms have it.
 *
 * @param given  by the names of the table; other names are not looked at.
 * @throws {OptionInvalidError} naming the option, its value and what is allowed.
 */
export function parseGiven<T extends OptionTable>(
  table: T,
  given: Readonly<Record<string, unknown>>,
): Partial<OptionValues<T>> {
  const parsed: Record<string, unknown> = {}
  for (const [name, [check]] of Object.entries(table)) {
    const value = given[name]
    if (value === undefined || (typeof value === 'string' && saysNothing(value, name))) continue
    const result = check.safeParse(value)
    if (!result.success) throw new OptionInvalidError(name, shown(value), allowed(check))
    parsed[camelCase(name)] = result.data
  }
  return parsed as Partial<OptionValues<T>> // each value is the output of its own check
}

export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** Enough of a value to recognise it by. */
function shown(value: unknown): string {
  return String(value).slice(0, 100)
}

function allowed(check: z.ZodType): string {
  return check.description ?? 'another value'
}

// ── describing ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What JSON Schema says of the values that a check lets through. */
export interface OptionSchema {
  /** Absent where there are alternatives. */
  readonly type?: 'boolean' | 'integer' | 'number' | 'string' | 'array'
  readonly anyOf?: readonly OptionSchema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly string[]
  readonly maxLength?: number
}

export interface OptionInfo {
  readonly name: string
  readonly meaning: string
  /** What the check accepts, in words. */
  readonly allowed: string
  readonly schema: OptionSchema
  /** undefined where leaving the option out means something else than any value. */
  readonly default: unknown
}

/** @param defaults  by the options' names in camelCase. */
export function describeOptions(table: OptionTable, defaults: Readonly<Record<string, unknown>>): OptionInfo[] {
  return Object.entries(table).map(([name, [check, meaning]]) => ({
    name,
    meaning,
    allowed: allowed(check),
    schema: schemaOf(check),
    default: defaults[camelCase(name)],
  }))
}

/** A value as a person would type it. */
export function writtenValue(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value)
}

function schemaOf(check: z.ZodType): OptionSchema {
  const { description, items, minItems, maxItems, ...schema } = jsonSchema(check)
  return schema as unknown as OptionSchema // the checks above make no others
}

/** The options as the fields of a form. */
export function fieldSchemas(infos: readonly OptionInfo[]): Record<string, JsonSchema> {
  return Object.fromEntries(infos.map((info) => [info.name, fieldSchema(info)]))
}

function fieldSchema({ meaning, allowed, schema, default: value }: OptionInfo): JsonSchema {
  const description = `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}. Use ${allowed}.`
  // A list is one field of comma-separated items; an array would be a field for each.
  const isList = schema.type === 'array'
  return {
    ...(isList ? { type: 'string' } : schema),
    ...(value !== undefined && { default: isList ? writtenValue(value) : value }),
    description,
  }
}
