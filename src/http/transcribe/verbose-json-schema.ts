/** The answer of `response_format=verbose_json` as JSON Schema; a test compares its keys with what is written. */

const seconds = { type: 'number', description: 'Seconds from the start of the recording.' }
const probability = { type: 'number', minimum: 0, maximum: 1 }
const count = { type: 'integer', minimum: 0 }
const language = { type: 'string', description: 'English name in lower case, such as portuguese.' }

type Properties = Readonly<Record<string, object>>

/** An object that has all of its properties, but for the optional ones. */
function object(properties: Properties, optional: readonly string[] = []) {
  return { type: 'object', required: Object.keys(properties).filter((name) => !optional.includes(name)), properties }
}

function listOf(properties: Properties, optional: readonly string[] = []) {
  return { type: 'array', items: object(properties, optional) }
}

export const VERBOSE_JSON_SCHEMA = object(
  {
    task: { type: 'string', enum: ['transcribe', 'translate'] },
    language,
    language_probability: { ...probability, description: 'Of detection; absent where the language was given.' },
    duration: { type: 'number', description: 'Seconds of the recording.' },
    text: { type: 'string' },
    words: {
      ...listOf({ word: { type: 'string' }, start: seconds, end: seconds, probability }),
      description: 'Absent unless word_timestamps is true.',
    },
    segments: listOf(
      {
        id: count,
        seek: { ...count, description: 'Its start, in frames of 10 ms.' },
        start: seconds,
        end: seconds,
        text: { type: 'string' },
        tokens: { type: 'array', items: count },
        temperature: { type: 'number' },
        avg_logprob: { type: 'number' },
        compression_ratio: { type: 'number' },
        no_speech_prob: probability,
        language,
        quality: { type: 'string', enum: ['ok', 'low_confidence', 'repetition', 'maybe_silence'] },
        retries: { ...count, description: 'How often its window was decoded again before this text was accepted.' },
        logprobs: {
          ...listOf({
            token: { type: 'string' },
            bytes: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 255 } },
            logprob: { type: 'number', description: 'Natural logarithm of its probability.' },
          }),
          description: 'Absent unless logprobs is true.',
        },
      },
      ['logprobs'],
    ),
    warnings: {
      type: 'array',
      items: { type: 'string' },
      description: 'What the caller should know about this answer.',
    },
    statistics: object({
      windows: count,
      removed_seconds: { type: 'number', description: 'Seconds that voice activity detection left out.' },
      context_repeats: { ...count, description: 'Windows decoded again at the full audio context.' },
      temperature_retries: { ...count, description: 'Windows decoded again at a higher temperature.' },
      coverage_retries: { ...count, description: 'Stretches of speech without text that were decoded again.' },
      language_votes: listOf({ language, probability }),
    }),
  },
  ['language_probability', 'words'],
)
