/**
 * The seam between the algorithm and the backends: all that transcription asks of a model, wherever it runs. `inference`
 * has a folder for each backend that answers it; the algorithm never asks which one it has.
 */

import type { AlignmentScores } from './alignment.ts'
import type { DecodedWindow, DecodeOptions, LanguageProbabilities, TextModel } from './decoded-window.ts'
import type { Prompt } from './prompt.ts'

/** A model that has been opened. */
export interface SpeechModel extends TextModel, AsyncDisposable {
  /** Of all requests together, since the model was opened. */
  readonly stepCounts: StepCounts
  /** The model for one request, whose windows share its time with those of other requests. */
  session(request: SessionRequest): ModelSession
  /**
   * Gives back what is not needed while there is nothing to do.
   *
   * @param isOverLimit  it has more of a GPU's memory than it may, so what would be needed soon goes too.
   */
  rest(isOverLimit: boolean): Promise<void>
}

/** What the decoder has done since the model was opened. */
export interface StepCounts {
  readonly steps: number
  /** Windows that took part, added up over all steps. */
  readonly windowSteps: number
}

export interface SessionRequest {
  /** Hypotheses of a window's first attempt: its beams, or the texts that are drawn. */
  readonly nHypotheses: number
  readonly signal: AbortSignal
}

/** A model as one request sees it; what other requests do at the same time shows in nothing but the time. */
export interface ModelSession {
  readonly model: TextModel
  /** Windows of one recording that are worth having under way at a time. */
  readonly windowsAtOnce: number
  /**
   * Passes the recording's windows on as they are. A backend that decodes many windows in one run sees by it whether
   * another is on its way, or the request waits for those that it has given.
   */
  watch<T>(windows: AsyncIterable<T>): AsyncIterable<T>
  /**
   * Encodes a window with `audioContext` positions, padding it with silence. Resolves when the window's turn has come,
   * which may take until another window of the recording is disposed of.
   *
   * @param samples  [N], N ≤ 320·audioContext.
   */
  encode(samples: Float32Array, audioContext: number): Promise<EncodedWindow>
}

/** A window that has been encoded; it can be decoded again and again, one attempt after the other. */
export interface EncodedWindow extends Disposable {
  /** At least what was asked for. */
  readonly audioContext: number
  decode(prompt: WindowPrompt, options: DecodeOptions): Promise<DecodedWindow>
  /** @param among  codes to choose among, at least one that the model knows; undefined: all that it knows. */
  detectLanguage(among: readonly string[] | undefined): Promise<LanguageProbabilities>
  /** Where the alignment heads look while the window is told `tokens`, prompt and eot included. */
  align(tokens: readonly number[]): Promise<AlignmentScores>
}

export interface WindowPrompt extends Omit<Prompt, 'language'> {
  /** Its code, or how it is chosen from what the window sounds like. */
  readonly language: string | LanguageChoice
}

export interface LanguageChoice {
  readonly among: readonly string[] | undefined
  /** Called once. */
  readonly choose: (probabilities: LanguageProbabilities) => string
}
