/** Tells observers what becomes of each piece of work: the metrics and the traces are such. */

import type { WorkTiming } from '../../engine/index.ts'
import type { LanguageDetection, Transcription } from '../../transcript/index.ts'

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

/** Asked when work begins to wait for its turn. */
export type WorkObserver = (work: ObservedWork) => WorkWatch

/** The callbacks of a request to the transcriber that the observers need. */
export interface WorkCallbacks {
  onStarted(): void
  onTiming(timing: WorkTiming): void
}

export class WorkObservers {
  readonly #observers: readonly WorkObserver[]

  constructor(observers: readonly WorkObserver[]) {
    this.#observers = observers
  }

  /**
   * Runs work, whose waiting counts too.
   *
   * @param run  hands the callbacks on to the transcriber.
   */
  async watch<T extends Transcription | LanguageDetection>(
    work: ObservedWork,
    run: (callbacks: WorkCallbacks) => Promise<T>,
  ): Promise<T> {
    const watches = this.#observers.map((observe) => observe(work))
    const callbacks: WorkCallbacks = {
      onStarted() {
        for (const watch of watches) watch.started?.()
      },
      onTiming(timing) {
        for (const watch of watches) watch.timed?.(timing)
      },
    }
    try {
      const result = await run(callbacks)
      for (const watch of watches) watch.done('segments' in result ? result : undefined)
      return result
    } catch (error) {
      for (const watch of watches) watch.failed(error)
      throw error
    }
  }
}
