/** Examples in the documents: commands that call the service, and the answers that the documents give beside them. */

export interface Example {
  /** Of the command, counted from 1. */
  readonly line: number
  readonly command: string
  readonly language: 'sh' | 'python'
  /** What stands in the block that follows at once; undefined where none does. */
  readonly answer: string | undefined
}

/** Where the documents have the service. */
export const DOCUMENTED_ADDRESS = 'http://localhost:8000'

interface Block {
  readonly line: number
  readonly language: string
  readonly text: string
  /** Offsets in the document. */
  readonly start: number
  readonly end: number
}

/** The curl lines of blocks of `sh`, and the blocks of `python` that name the service's address. */
export function examplesOf(markdown: string): Example[] {
  const blocks = blocksOf(markdown)
  return blocks.flatMap((block, i): Example[] => {
    const next = blocks[i + 1]
    const follows = next && isAnswer(next) && markdown.slice(block.end, next.start).trim() === ''
    const answer = follows ? next.text : undefined
    const { line, language, text } = block
    if (language === 'sh') {
      const commands = curlLines(block)
      return commands.map((command, n) => ({
        ...command,
        language,
        answer: n === commands.length - 1 ? answer : undefined,
      }))
    }
    return language === 'python' && text.includes(DOCUMENTED_ADDRESS) ? [{ line, command: text, language, answer }] : []
  })
}

function blocksOf(markdown: string): Block[] {
  return Array.from(markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm), ({ index, 0: whole, 1: language, 2: text }) => ({
    line: markdown.slice(0, index).split('\n').length + 1, // of what stands in the block
    language: language ?? '',
    text: text ?? '',
    start: index,
    end: index + whole.length,
  }))
}

function isAnswer({ language }: Block): boolean {
  return language === '' || language === 'json' || language === 'text'
}

/** Lines that end with a backslash go on in the next. */
function curlLines({ text, line }: Block): { readonly line: number; readonly command: string }[] {
  return Array.from(text.matchAll(/^curl (?:.*\\\n)*.*$/gm), ({ index, 0: command }) => ({
    line: line + text.slice(0, index).split('\n').length - 1,
    command,
  }))
}

/** A JSON value of a document, in which `…` stands for what was left out. */
export interface DocumentedJson {
  readonly value: unknown
  /** True where something was left out, so that an answer may have more. */
  readonly isPartial: boolean
}

/** undefined for a text that is no JSON. */
export function documentedJson(text: string): DocumentedJson | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return { value: JSON.parse(text), isPartial: false }
  } catch {
    return { value: JSON.parse(text.replaceAll(/,?\s*…/g, '')), isPartial: true }
  }
}

/**
 * How an answer differs from what the document shows: other keys, other types, nothing where there was something. A
 * documented null stands for any value, since most of them are null only now and then.
 */
export function differences(actual: unknown, documented: unknown, isPartial: boolean, path = '$'): string[] {
  if (documented === null || actual === null) return []
  if (typeof actual !== typeof documented) return [`${path} is ${typeof actual}, documented as ${typeof documented}`]
  if (typeof actual === 'string') return actual === '' && documented !== '' ? [`${path} is empty`] : []
  if (typeof actual !== 'object' || typeof documented !== 'object') return []
  if (Array.isArray(actual) !== Array.isArray(documented)) return [`${path} is a list in one of them only`]
  if (Array.isArray(actual) && Array.isArray(documented)) {
    if (documented.length === 0) return []
    if (actual.length === 0) return [`${path} is empty`]
    return actual.flatMap((item, i) => differences(item, documented[0], isPartial, `${path}[${i}]`))
  }
  const [ours, theirs] = [actual, documented].map((object) => object as Readonly<Record<string, unknown>>)
  const missing = Object.keys(theirs!).filter((key) => !(key in ours!))
  const extra = isPartial ? [] : Object.keys(ours!).filter((key) => !(key in theirs!))
  return [
    ...missing.map((key) => `${path}.${key} is documented, not answered`),
    ...extra.map((key) => `${path}.${key} is answered, not documented`),
    ...Object.keys(theirs!).flatMap((key) =>
      key in ours! ? differences(ours![key], theirs![key], isPartial, `${path}.${key}`) : [],
    ),
  ]
}
