/** Subtitle files as players read them, by parsers that are not ours. */

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { parse as parseSrt } from '@plussub/srt-vtt-parser'

export interface ReadCue {
  /** Milliseconds. */
  readonly from: number
  readonly to: number
  readonly text: string
}

interface VttNode {
  readonly type?: string
  readonly name?: string
  readonly value?: string
  readonly children?: readonly VttNode[]
}

/** The part of webvtt-parser, a conformance checker without type declarations, that is used here. */
interface WebVttModule {
  readonly WebVTTParser: new (
    entities: Readonly<Record<string, string>>,
  ) => {
    parse(text: string): {
      readonly cues: readonly { readonly startTime: number; readonly endTime: number; readonly tree: VttNode }[]
      readonly errors: readonly { readonly message: string; readonly line: number }[]
    }
  }
}

/** Named here because the parser's own table lacks the semicolons and leaves them in the text. */
const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>' }

const { WebVTTParser } = createRequire(import.meta.url)('webvtt-parser') as WebVttModule

/** Cues as a player would show them; the file has to be without fault. */
export function readVtt(file: string): (ReadCue & { readonly underlined: string })[] {
  const { cues, errors } = new WebVTTParser(ENTITIES).parse(file)
  assert.deepEqual(errors, [])
  return cues.map(({ startTime, endTime, tree }) => ({
    from: Math.round(startTime * 1000),
    to: Math.round(endTime * 1000),
    text: textOf(tree),
    underlined: underlinedOf(tree),
  }))
}

export function readSrt(file: string): ReadCue[] {
  // The package declares its result in a file that it imports without an ending, which this module resolution ignores.
  const { entries }: { entries: readonly ReadCue[] } = parseSrt(file)
  return entries.map(({ from, to, text }) => ({ from, to, text }))
}

function textOf(node: VttNode): string {
  return node.type === 'text' ? (node.value ?? '') : (node.children ?? []).map(textOf).join('')
}

function underlinedOf(node: VttNode): string {
  return node.name === 'u' ? textOf(node) : (node.children ?? []).map(underlinedOf).join('')
}
