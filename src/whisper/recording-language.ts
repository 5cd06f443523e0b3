/** The language of a recording while its windows are transcribed: given, or voted for by them, one after the other. */

import type { LanguageProbabilities } from './decoded-window.ts'
import {
  chooseLanguage,
  type HeardLanguages,
  isDecided,
  isTooShortToTell,
  languageVotes,
  likeliest,
  mainLanguage,
  type Vote,
} from './language-choice.ts'
import type { DecodingOptions } from './options.ts'
import { speechSeconds, type Window } from './windows.ts'

type LanguageOptions = Pick<
  DecodingOptions,
  'multilingual' | 'languageDetectionSegments' | 'languageDetectionThreshold'
>

/** A window's turn to be heard; disposing of it lets the next one have its own, whatever became of this one. */
export interface LanguageTurn extends Disposable {
  /** Resolves when the windows before it have voted, where that matters: its language, or undefined: it is to be detected. */
  known(): Promise<string | undefined>
  /** What the window is written in, by what it sounds like. */
  readonly choose: (probabilities: LanguageProbabilities) => string
}

export class RecordingLanguage {
  readonly #options: LanguageOptions
  readonly #decidesAtOnce: boolean
  readonly #heard: HeardLanguages[] = []
  #settled: { readonly language: string; readonly probability?: number } | undefined
  /** Language of the window that was begun last, as soon as it has one. */
  #last: Promise<string | undefined> = Promise.resolve(undefined)

  /**
   * @param given          undefined: detected.
   * @param decidesAtOnce  the first window decides, since no text can be written again later.
   */
  constructor(given: string | undefined, options: LanguageOptions, decidesAtOnce: boolean) {
    this.#settled = given === undefined ? undefined : { language: given }
    this.#options = options
    this.#decidesAtOnce = decidesAtOnce
  }

  /** Whether texts may still turn out to be in another language than the recording's. */
  get isOpen(): boolean {
    return this.#settled === undefined && !this.#options.multilingual
  }

  /** Resolves when every window that has begun has a language. */
  get begunAreHeard(): Promise<unknown> {
    return this.#last
  }

  /** The language in which a text should have been written, where that is another than it has. */
  insteadOf(language: string): string | undefined {
    return this.#options.multilingual || this.#settled?.language === language ? undefined : this.#settled?.language
  }

  /** To be called once for each window, in their order. */
  turnOf(window: Window): LanguageTurn {
    const before = this.#last
    const chosen = Promise.withResolvers<string | undefined>()
    this.#last = chosen.promise
    return {
      known: async () => {
        const language = await this.#known(window, before)
        if (language !== undefined) chosen.resolve(language)
        return language
      },
      choose: (probabilities) => {
        const language = this.#choose(window, probabilities)
        chosen.resolve(language)
        return language
      },
      [Symbol.dispose]: () => chosen.resolve(undefined),
    }
  }

  /** Settles the language by the windows that there are. */
  close(): void {
    if (this.isOpen && this.#heard.length > 0) this.#settled = chooseLanguage(this.#heard)
  }

  /** Of the whole recording. */
  get result(): {
    readonly language: string
    readonly probability: number | undefined
    readonly votes: readonly Vote[]
  } {
    const settled = this.#options.multilingual && this.#heard.length > 0 ? mainLanguage(this.#heard) : this.#settled
    // Where nothing was said, nothing was detected: Whisper's own default.
    return { language: 'en', probability: undefined, ...settled, votes: languageVotes(this.#heard) }
  }

  async #known(window: Window, before: Promise<string | undefined>): Promise<string | undefined> {
    if (this.#options.multilingual) return isTooShortToTell(window) ? await before : undefined
    if (this.isOpen) await before // its vote comes first
    return this.#settled?.language
  }

  #choose(window: Window, probabilities: LanguageProbabilities): string {
    this.#heard.push({ probabilities, seconds: speechSeconds(window) })
    if (this.#options.multilingual) return likeliest(probabilities)[0]
    const leading = chooseLanguage(this.#heard)
    if (this.#decidesAtOnce || isDecided(this.#heard, this.#options)) this.#settled = leading
    return leading.language
  }
}
