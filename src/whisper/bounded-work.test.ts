/** What a recording may cost, whatever is in it and whatever its options are: memory, and work for each second of sound. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { InstantSession } from '../../test/helpers/fakes/instant-session.ts'
import { FRAME_SAMPLES } from '../vad/index.ts'
import { SAMPLE_RATE, WINDOW_SECONDS } from '../whisper-constants.ts'
import { type LongFormContext, transcribeLongForm } from './long-form.ts'
import { type GivenOptions, parseOptions } from './options.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const WINDOW_BYTES = WINDOW_SECONDS * SAMPLE_RATE * Float32Array.BYTES_PER_ELEMENT

/** One window that is cut, two of speech detection's memory, one that waits to be taken, and one on its way. */
const WINDOWS_OF_THE_WAY = 5

const SECOND = {
  silence: new Float32Array(SAMPLE_RATE),
  constant: new Float32Array(SAMPLE_RATE).fill(0.1),
  loud: Float32Array.from({ length: SAMPLE_RATE }, (_, i) => Math.sin(i * 0.3) * 0.4),
  /** Half of it is a pause. */
  words: Float32Array.from({ length: SAMPLE_RATE }, (_, i) => (i < SAMPLE_RATE / 2 ? Math.sin(i * 0.3) * 0.4 : 0)),
}
type Kind = keyof typeof SECOND
type Sound = readonly (readonly [kind: Kind, seconds: number])[]

/** The recording, second by second. Every two minutes `look` is called. */
async function* play(sound: Sound, look: () => void): AsyncGenerator<Float32Array> {
  let played = 0
  for (const [kind, seconds] of sound) {
    for (let i = 0; i < seconds; i++) {
      yield SECOND[kind]
      if (++played % 120 === 0) look()
    }
  }
}

/** Speech is what is loud. */
async function loudness(frames: Float32Array): Promise<Float32Array> {
  return Float32Array.from({ length: frames.length / FRAME_SAMPLES }, (_, i) =>
    Math.abs(frames[i * FRAME_SAMPLES + 5]!) > 0.2 ? 0.9 : 0.1,
  )
}

async function transcribe(
  samples: AsyncIterable<Float32Array>,
  session: InstantSession,
  given: GivenOptions,
  context: Partial<LongFormContext> = {},
) {
  return await transcribeLongForm(samples, {
    session,
    options: parseOptions(given),
    speechProbability: loudness,
    language: undefined,
    signal: new AbortController().signal,
    ...context,
  })
}

/** The most bytes of samples that lay in memory at a time. */
async function peakBytes(sound: Sound, session: InstantSession, given: GivenOptions): Promise<number> {
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  let peak = 0
  const look = () => {
    collectGarbage()
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
  }
  await transcribe(play(sound, look), session, given)
  return peak
}

const sounds: fc.Arbitrary<Sound> = fc.array(
  fc.tuple(fc.constantFrom<Kind[]>('silence', 'constant', 'loud', 'words'), fc.integer({ min: 1, max: 600 })),
  { minLength: 2, maxLength: 4 },
)

const options: fc.Arbitrary<GivenOptions> = fc
  .record(
    {
      vad_filter: fc.boolean(),
      threshold: fc.double({ min: 0, max: 1, noNaN: true }),
      min_speech_duration_ms: fc.integer({ min: 0, max: 60_000 }),
      min_silence_duration_ms: fc.integer({ min: 0, max: 60_000 }),
      speech_pad_ms: fc.integer({ min: 0, max: 10_000 }),
      max_speech_duration_s: fc.double({ min: 1, max: 30, noNaN: true }),
      batch_size: fc.integer({ min: 1, max: 64 }),
      language_detection_segments: fc.integer({ min: 1, max: 32 }),
      language_detection_threshold: fc.double({ min: 0, max: 1, noNaN: true }),
      multilingual: fc.boolean(),
      timestamps: fc.constantFrom('align', 'tokens', 'none'),
      word_timestamps: fc.boolean(),
      condition_on_previous_text: fc.boolean(),
      hallucination_silence_threshold: fc.double({ min: 0, max: 30, noNaN: true }),
    },
    { requiredKeys: [] },
  )
  .filter(({ multilingual, condition_on_previous_text }) => !multilingual || !condition_on_previous_text)

test('the samples of a few windows are in memory at a time, whatever is heard and asked for', async () => {
  const windowsAtOnce = 3
  const property = fc.asyncProperty(sounds, options, async (sound, given) => {
    const session = new InstantSession({ windowsAtOnce, certainty: 0.6 })
    const held = parseOptions(given).languageDetectionSegments // whose texts wait for the vote
    const windows = held + windowsAtOnce + WINDOWS_OF_THE_WAY
    const bytes = await peakBytes(sound, session, given)
    assert.ok(bytes <= windows * WINDOW_BYTES, `${bytes / WINDOW_BYTES} windows are more than ${windows}`)
  })
  await fc.assert(property, { numRuns: 8, seed: 4, endOnFailure: true })
})

test('silence is not held while detection waits for more speech', async () => {
  const sound: Sound = [
    ['loud', 30],
    ['silence', 2400],
  ]
  const given = { vad_filter: false, language_detection_segments: 32, language_detection_threshold: 1 }
  const peak = await peakBytes(sound, new InstantSession(), given)
  const held = 2 // the half minute that is heard
  assert.ok(peak <= (held + 2 + WINDOWS_OF_THE_WAY) * WINDOW_BYTES, `${peak / WINDOW_BYTES} windows`)
})

test('a batch size above what the model computes at once holds no more windows, and changes no text', async () => {
  const sound: Sound = [['loud', 900]]
  const given = { vad_filter: false, batch_size: 64 }
  const peak = await peakBytes(sound, new InstantSession(), given)
  assert.ok(peak <= (2 + WINDOWS_OF_THE_WAY) * WINDOW_BYTES, `${peak / WINDOW_BYTES} windows`)
  const texts = [given, { vad_filter: false }].map((options) =>
    transcribe(
      play(sound, () => {}),
      new InstantSession(),
      options,
      { language: 'pt' },
    ),
  )
  assert.deepEqual(...((await Promise.all(texts)) as [unknown, unknown]))
})

test('what is doubtful window after window is decoded three times each, however long the ladder is', async () => {
  const ladder = Array.from({ length: 16 }, (_, i) => i / 10)
  for (const given of [{}, { temperature: ladder }, { temperature: ladder, audio_context: 'full', batch_size: 1 }]) {
    const session = new InstantSession({ isDoubtful: true })
    const { statistics } = await transcribe(
      play([['constant', 2400]], () => {}),
      session,
      {
        vad_filter: false,
        ...given,
      },
    )
    assert.ok(statistics.windows >= 80)
    const most = 3 * statistics.windows + 60 + 2 * 17
    assert.ok(session.nAttempts <= most, `${session.nAttempts} attempts are more than ${most}`)
  }
})

test('ten minutes of windows that need all of the ladder get it', async () => {
  const session = new InstantSession({ isDoubtful: true })
  const given = { vad_filter: false, beam_size: 1, audio_context: 'full', max_new_tokens: 8 }
  const { segments } = await transcribe(
    play([['loud', 240]], () => {}),
    session,
    given,
  )
  for (const { retries } of segments) assert.equal(retries, 5)
})

test('a text whose timestamps stand still has each second heard a few times, not 1500', async () => {
  const session = new InstantSession({ seekTicks: 1 })
  const given = { vad_filter: false, timestamps: 'tokens' }
  await transcribe(
    play([['constant', 200]], () => {}),
    session,
    given,
  )
  assert.ok(session.nEncoded <= 200 + 60 + 2, `${session.nEncoded} windows`)
})

test('temperatures times samples are bounded, and each may be as large as it can beside the default of the other', () => {
  const ladder = Array.from({ length: 16 }, (_, i) => 0.1 * (i + 1))
  assert.doesNotThrow(() => parseOptions({ temperature: ladder }))
  assert.doesNotThrow(() => parseOptions({ best_of: 16 }))
  assert.throws(() => parseOptions({ temperature: ladder, best_of: 6 }), {
    code: 'ASR_OPTION_INVALID',
    remedy: /at most 5 with 16 temperatures/,
  })
})
