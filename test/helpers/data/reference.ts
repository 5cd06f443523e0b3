/** Numbers of the reference implementation, where they lie beside the project. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SHARED_SPEECH, speechFolder } from './speech-folder.ts'

const SHARED = new URL('../../../../shared/', import.meta.url)

export interface ReferenceClip {
  readonly id: string
  readonly file: string
  readonly samples: number
  readonly log_mel: { readonly samples: readonly (readonly number[])[] }
  readonly encoder: { readonly std: number; readonly samples: readonly (readonly number[])[] }
  readonly greedy: {
    readonly no_speech_prob: number
    readonly language_probs_top5?: readonly (readonly [string, number])[]
    readonly language_detected?: string
    readonly prompt: readonly number[]
    readonly first_step_raw_logits_top10: readonly (readonly [number, number])[]
    readonly first_step_raw_logits_logsumexp: number
    readonly tokens: readonly number[]
    readonly ended_with_eot: boolean
    readonly text: string
    readonly avg_logprob: number
    readonly chosen_raw_logits: readonly number[]
  }
}

export interface Reference {
  readonly mel_rows: readonly number[]
  readonly mel_cols: readonly number[]
  readonly encoder_rows: readonly number[]
  readonly encoder_dims: readonly number[]
  readonly clips: readonly ReferenceClip[]
}

/** The reference of a model, or undefined where a stranger has cloned only the project. */
export function readReference(model: string): Reference | undefined {
  const file = new URL(`reference/${model}.json`, SHARED)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Reference) : undefined // made by our own script
}

/** Path of a recording by its file's name, whether it is there or not. */
export function speechFile(name: string): string {
  return join(speechFolder() ?? SHARED_SPEECH, 'audio', name)
}
