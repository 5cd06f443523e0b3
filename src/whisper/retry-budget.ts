/** How often the windows of one recording may be decoded again. */

/**
 * Speech needs a few retries in a hundred windows, and hard passages all of the ladder for some minutes. What climbs the
 * whole ladder window after window (tones, noise, speech in another language than the one told) gains nothing by it, and
 * would cost seven to seventeen times the work of speech for as long as it lasts.
 */
const TO_BEGIN_WITH = 60
const PER_WINDOW = 2
/** A window that was too short for the model is mended by its first retry, at the full audio context. */
const ALWAYS = 1

/**
 * Told of windows in the order of the recording when they are done, so that what a window may do depends on nothing but
 * those before it and their number at a time.
 */
export class RetryBudget {
  #left = TO_BEGIN_WITH

  /** Retries that the next window may take. */
  get left(): number {
    return Math.max(ALWAYS, this.#left)
  }

  /** @param nRetries  that a window took. */
  spend(nRetries: number): void {
    this.#left += PER_WINDOW - nRetries
  }
}
