/** The options of the next recordings, kept for the next visit but for what belongs to one recording alone. */

import { effect, signal } from '@preact/signals'
import type { TranscribeOptions } from '../api/transcribe.ts'
import { recall, remember } from '../browser/storage.ts'
import type { Task } from '../transcript/transcript.ts'

/** Of the two numbers the smaller is no search at all, the larger twice the service's own. */
const BEAMS = { fast: 1, usual: undefined, thorough: 10 } as const
export type Care = keyof typeof BEAMS

export const model = signal(recall('model'))
export const language = signal(recall('language'))
export const task = signal<Task>('transcribe')
export const prompt = signal('')
export const keywords = signal(recall('keywords') ?? '')
export const care = signal<Care>('usual')
export const isParallel = signal(recall('parallel') !== 'no')

/** Several at once are so many: browsers open six connections, and others than recordings want theirs. */
export const MOST_AT_ONCE = 4

export function chosenOptions(): TranscribeOptions {
  return {
    model: model.value,
    language: language.value,
    task: task.value,
    prompt: prompt.value,
    keywords: keywords.value,
    beamSize: BEAMS[care.value],
  }
}

export function rememberOptions(): void {
  effect(() => remember('model', model.value))
  effect(() => remember('language', language.value))
  effect(() => remember('keywords', keywords.value || undefined))
  effect(() => remember('parallel', isParallel.value ? undefined : 'no'))
}
