/** `chunking_strategy`: OpenAI's words for how speech is found, in ours. */

import { z } from 'zod'
import { OptionInvalidError } from '../../../errors/index.ts'
import type { RequestedOptions } from '../../../whisper/options.ts'

const ALLOWED =
  'auto, or {"type":"server_vad"} with threshold (0 to 1), prefix_padding_ms (0 to 10000) and silence_duration_ms (0 to 60000)'

const serverVad = z.strictObject({
  type: z.literal('server_vad'),
  threshold: z.coerce.number().min(0).max(1).optional(),
  prefix_padding_ms: z.coerce.number().int().min(0).max(10_000).optional(),
  silence_duration_ms: z.coerce.number().int().min(0).max(60_000).optional(),
})

/**
 * @param given  with `chunking_strategy` as text or JSON, or with its members as `chunking_strategy[type]` and so on.
 * @throws {OptionInvalidError} when it is neither `auto` nor a `server_vad`.
 */
export function chunkingOptions(given: Readonly<Record<string, string>>): RequestedOptions {
  const strategy = strategyIn(given)
  if (strategy === undefined || strategy === 'auto') return {}
  const parsed = serverVad.safeParse(strategy)
  if (!parsed.success) throw invalid(given.chunking_strategy ?? JSON.stringify(strategy))
  const { threshold, prefix_padding_ms, silence_duration_ms } = parsed.data
  return {
    ...(threshold !== undefined && { threshold }),
    ...(prefix_padding_ms !== undefined && { speechPadMs: prefix_padding_ms }),
    ...(silence_duration_ms !== undefined && { minSilenceDurationMs: silence_duration_ms }),
  }
}

function strategyIn(given: Readonly<Record<string, string>>): unknown {
  const text = given.chunking_strategy?.trim()
  if (text?.startsWith('{')) {
    try {
      return JSON.parse(text)
    } catch {
      throw invalid(text)
    }
  }
  if (text) return text
  const members = Object.entries(given).flatMap(([name, value]) => {
    const [, member] = /^chunking_strategy\[(\w+)\]$/.exec(name) ?? []
    return member === undefined ? [] : [[member, value] as const]
  })
  return members.length > 0 ? Object.fromEntries(members) : undefined
}

function invalid(value: string): OptionInvalidError {
  return new OptionInvalidError('chunking_strategy', value.slice(0, 100), ALLOWED)
}
