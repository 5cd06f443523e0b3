/** A transcriber that tells observers what becomes of each piece of work: the metrics and the traces are such. */

import type { DetectLanguageRequest, Transcriber, WorkTiming } from '../../engine/index.ts'
import type { Transcription } from '../../transcript/index.ts'

export interface ObservedWork {
  readonly kind: 'transcribe' | 'detect-language'
  /** Its id, whatever name it was asked for by; undefined for a name that no model has. */
  readonly modelId: string | undefined
}

/** Told of one piece of work as it goes on; exactly one of the last two comes, and comes last. */
export interface WorkWatch {
  /** An engine has taken it up; may come again, where that engine died. */
  started?(): void
  timed?(timing: WorkTiming): void
  /** @param transcription  undefined for other kinds of work. */
  done(transcription: Transcription | undefined): void
  failed(error: unknown): void
}

/** Asked when work is handed to the transcriber. */
export type WorkObserver = (work: ObservedWork) => WorkWatch

type WorkCallbacks = Pick<DetectLanguageRequest, 'onStarted' | 'onTiming'>

/** The same transcriber for its users; whatever it does, the observers are told. */
export function observeWork(transcriber: Transcriber, observers: readonly WorkObserver[]): Transcriber {
  async function watched<T>(
    kind: ObservedWork['kind'],
    { modelId, onStarted, onTiming }: DetectLanguageRequest,
    run: (callbacks: WorkCallbacks) => Promise<T>,
    transcriptionOf: (result: T) => Transcription | undefined,
  ): Promise<T> {
    const work = { kind, modelId: transcriber.find(modelId)?.id }
    const watches = observers.map((observe) => observe(work))
    const callbacks: WorkCallbacks = {
      onStarted() {
        for (const watch of watches) watch.started?.()
        onStarted?.()
      },
      onTiming(timing) {
        for (const watch of watches) watch.timed?.(timing)
        onTiming?.(timing)
      },
    }
    try {
      const result = await run(callbacks)
      for (const watch of watches) watch.done(transcriptionOf(result))
      return result
    } catch (error) {
      for (const watch of watches) watch.failed(error)
      throw error
    }
  }

  return {
    find: (name) => transcriber.find(name),
    activeModel: () => transcriber.activeModel(),
    transcribe: (request) =>
      watched(
        'transcribe',
        request,
        (callbacks) => transcriber.transcribe({ ...request, ...callbacks }),
        (transcription) => transcription,
      ),
    detectLanguage: (request) =>
      watched(
        'detect-language',
        request,
        (callbacks) => transcriber.detectLanguage({ ...request, ...callbacks }),
        () => undefined,
      ),
    engines: () => transcriber.engines(),
    load: (modelId, signal) => transcriber.load(modelId, signal),
    unload: (modelId) => transcriber.unload(modelId),
    close: (timeoutMs) => transcriber.close(timeoutMs),
  }
}
