/** What work tells on its way, once each, where it is begun again after it has told some of it. */

import { TextChangedError } from '../errors/index.ts'
import type { Segment, Transcription } from '../transcript/index.ts'
import type { TranscribeRequest } from './transcriber.ts'

type Listener = Pick<TranscribeRequest, 'onSegments' | 'onProgress' | 'takeBack'>

/**
 * Work begins anew where its engine has died, and where a recording turns out to be long and long ones have no place. It
 * then tells all segments again; a listener that has passed some on could not take them back.
 */
export class ToldOnce {
  /** Texts of the segments that were told, by their ids. */
  readonly #texts: string[] = []
  readonly #listener: Listener
  readonly #onChange: (error: TextChangedError) => void
  #hasChanged = false
  #doneSeconds = 0

  /** @param onChange  told when the work has come to another text than it had told; nothing is told after that. */
  constructor(listener: Listener, onChange: (error: TextChangedError) => void) {
    this.#listener = listener
    this.#onChange = onChange
  }

  readonly onSegments = (segments: readonly Segment[]): void => {
    if (this.#hasChanged) return
    const changed = segments.find(({ id, text }) => id < this.#texts.length && this.#texts[id] !== text)
    if (changed && !this.#takeBack(changed.id)) {
      this.#hasChanged = true
      this.#onChange(new TextChangedError())
      return
    }
    const added = segments.filter(({ id }) => id >= this.#texts.length)
    for (const { text } of added) this.#texts.push(text)
    if (added.length > 0) this.#listener.onSegments?.(added)
  }

  readonly onProgress = (doneSeconds: number): void => {
    if (doneSeconds <= this.#doneSeconds) return
    this.#doneSeconds = doneSeconds
    this.#listener.onProgress?.(doneSeconds)
  }

  /** @throws {TextChangedError} when the result lacks what was told. */
  check({ segments }: Pick<Transcription, 'segments'>): void {
    if (segments.length < this.#texts.length && !this.#takeBack(segments.length)) throw new TextChangedError()
  }

  #takeBack(fromId: number): boolean {
    if (!this.#listener.takeBack?.(fromId)) return false
    this.#texts.length = fromId
    return true
  }
}
