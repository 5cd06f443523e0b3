/** One recording, from nothing to its text. */

import type { Transcription } from '../transcript/index.ts'
import type { TranscribeOptions } from './options.ts'
import type { RecordingInput } from './recording.ts'
import type { ModelSettings } from './settings.ts'
import { loadModel } from './speech-model.ts'

export type TranscribeOnceOptions = TranscribeOptions & {
  /** An id of `paradox models`, a hub repository or a folder; `base` where it is left out. */
  readonly model?: string | undefined
  readonly settings?: ModelSettings | undefined
}

/**
 * One recording by a model that is loaded for it and closed again; for several, `loadModel` once.
 *
 * @throws as `loadModel`, and as its `transcribe`.
 */
export async function transcribe(
  recording: RecordingInput,
  { model: id = 'base', settings, ...options }: TranscribeOnceOptions = {},
): Promise<Transcription> {
  const { signal } = options
  await using model = await loadModel(id, signal === undefined ? settings : { signal, ...settings })
  return await model.transcribe(recording, options)
}
