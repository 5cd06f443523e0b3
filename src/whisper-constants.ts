/**
 * The sizes that every Whisper model was trained with: five numbers, from which the others follow.
 *
 * @see openai/whisper:whisper/audio.py — the same numbers.
 */

/** Samples per second. */
export const SAMPLE_RATE = 16_000
/** Longest window. */
export const WINDOW_SECONDS = 30
/** Samples per analysis frame of the spectrogram: 25 ms. */
export const FRAME_SAMPLES = 400
/** Samples between the beginnings of two frames: 10 ms. */
export const HOP_SAMPLES = 160
/** Samples per encoder position, which has two frames: 20 ms. */
export const SAMPLES_PER_POSITION = 2 * HOP_SAMPLES

/** 0.02: length of an encoder position, and step of the timestamp tokens. */
export const SECONDS_PER_POSITION = SAMPLES_PER_POSITION / SAMPLE_RATE
/** 1500: encoder positions of a full window. */
export const FULL_CONTEXT = (WINDOW_SECONDS * SAMPLE_RATE) / SAMPLES_PER_POSITION

/** Below this peak (-66 dB) there is digital silence or a muted microphone, whatever a model hears in it. */
export const SILENCE_PEAK = 5e-4

/** 1501: 0.00 to 30.00 s in steps of 0.02 s. */
export const TIMESTAMP_TOKENS = FULL_CONTEXT + 1
