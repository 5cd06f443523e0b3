/**
 * Writes docs/options.md from the tables of options, so that it cannot name another default or range. A test compares
 * the file with what this script would write.
 *
 * usage: scripts/node scripts/write-options-doc.ts
 */

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type OptionInfo, writtenValue } from '../src/option-table.ts'
import { subtitleOptionInfos } from '../src/transcript/index.ts'
import { decodingOptionInfos } from '../src/whisper/options.ts'

const FILE = resolve(import.meta.dirname, '../docs/options.md')

/** The whole document. */
export function optionsDocument(): string {
  return `# Options

<!-- Written by scripts/write-options-doc.ts from the tables in src/; do not edit. -->

How a recording is transcribed and what the answer looks like. Each option is a field of \`POST /transcribe\` under its
name, and a flag of \`bin/paradox transcribe\` in kebab-case:

\`\`\`sh
curl -F beam_size=1 -F word_timestamps=true -F response_format=verbose_json -F file=@clip.wav http://localhost:8000/transcribe
bin/paradox transcribe --beam-size 1 --word-timestamps --format verbose_json clip.wav
\`\`\`

An option that is left out, or blank, has its default. A value outside its range is refused before a model is loaded, with
status 400 or exit code 2, and a sentence that names the option, the value and the range. No option is ignored silently,
except one that another switches off: see the [rules](#rules).

True and false may be written \`1\`, \`yes\`, \`on\` and \`0\`, \`no\`, \`off\`. As a flag, \`--word-timestamps\` is true,
\`--no-vad-filter\` false, and \`--vad-filter=false\` works too. Lists are comma-separated, or JSON such as
\`["pt", "en"]\`; \`,\` is the empty one.

## Decoding

${table(decodingOptionInfos())}
## Formats

\`response_format\` over HTTP, \`--format\` on the command line:

| format | what it holds |
| --- | --- |
| \`text\` | The text and a line end. Default of the command line; with several files, each text follows a line \`==> file <==\`. |
| \`json\` | Over HTTP, where it is the default, the [four keys](api.md#200). On the command line \`{"file","model","language","duration","text"}\`. |
| \`jsonl\` | Command line only: that object on one line per file, as soon as it is done. |
| \`verbose_json\` | Text, segments, language, warnings, statistics, and \`words\` with \`word_timestamps\`; the names are OpenAI's. |
| \`srt\`, \`vtt\` | [Subtitles](subtitles.md) of two lines, or as the options below lay them out. |
| \`tsv\` | Start and end in milliseconds and the text of each segment, in the columns of openai/whisper. |

The command line prints \`verbose_json\`, \`srt\`, \`vtt\` and \`tsv\` for one file at a time, since several together are not a valid
file.

### Layout of subtitles

For \`srt\` and \`vtt\`; refused otherwise. [Subtitles](subtitles.md) says what they do without any.

${table(subtitleOptionInfos())}
\`max_line_count\` needs \`max_line_width\` or \`cues=readable\`, and excludes \`max_words_per_line\`. \`cues=segments\` excludes all others,
\`cues=readable\` \`max_words_per_line\`.

## Rules

Refused:

- \`beam_size\` above 1 if \`temperature\` begins above 0, since sampling has no beams. If only such a \`temperature\` is given,
  \`beam_size\` is 1.
- \`temperature\` that is not in ascending order, or an empty list.
- \`best_of\` times the number of temperatures above 0, where that is more than 80: 16 temperatures go with the default of 5
  samples, 16 samples with the default temperatures.
- \`multilingual\` with \`prefix\` or \`condition_on_previous_text\`, which assume one language, and with any \`language\` but \`auto\`.
- \`word_timestamps\` with a format that has no place for words: \`text\`, \`json\`, \`jsonl\`, \`tsv\`. In \`srt\` and \`vtt\` they
  change nothing: subtitles have the times of words anyway.
- \`task\` \`translate\`, \`multilingual\` and any language but English, with a model that knows only English. This is known when
  the model is loaded: from then on they are refused before the upload.

Without effect, because another option switches them off:

- \`threshold\`, \`min_speech_duration_ms\`, \`min_silence_duration_ms\`, \`speech_pad_ms\` and \`max_speech_duration_s\` with
  \`vad_filter\` false.
- \`patience\` if \`beam_size\` is 1; \`best_of\` if no temperature is above 0.
- \`max_initial_timestamp\` unless \`timestamps\` is \`tokens\`.
- \`prompt_reset_on_temperature\` without \`condition_on_previous_text\`.
- \`batch_size\` with \`condition_on_previous_text\`, which decodes one window at a time.
- \`language_detection_segments\` and \`language_detection_threshold\` if the language is not detected
  ([which language](api.md#which-language)), or \`multilingual\` is true.
- \`hallucination_silence_threshold\` with \`timestamps\` \`none\` and without \`word_timestamps\`: there are no word times
  between which to find silence.

## The same text again

Temperatures above 0 draw the text at random. The numbers come from \`seed\`, the window's place in the recording, the temperature
and the sample, so that a recording gives the same text each time; another \`seed\` may give another one. With \`beam_size\` 1 that
holds whatever else runs. With several beams windows of other requests may share a step on the CPU with an 8-bit decoder, whose
runtime then rounds one beam of a window otherwise: seldom another text at temperature 0, more often above it.
[Decision 0035](decisions/0035-the-language-is-the-recordings.md).

## Fallback

A window whose text is doubtful is decoded again: at the full audio context, then at each higher \`temperature\`. A recording has
60 such retries, and two more for each window; after that a doubtful window has at least one. Ten minutes in which nothing can be
understood have the whole ladder, speech does not come near the limit, and hours of a tone cost three times what speech does and
not seven to seventeen times. Windows that seek by timestamp tokens (\`timestamps\` \`tokens\` without \`vad_filter\`) begin no
more than once a second of sound. [Decision 0028](decisions/0028-work-bounded-by-seconds.md).
`
}

function table(infos: readonly OptionInfo[]): string {
  const rows = infos.map(({ name, default: value, allowed, meaning }) => {
    const shown = value === undefined ? '–' : `\`${writtenValue(value)}\``
    return `| \`${name}\` | ${shown} | ${allowed} | ${meaning} |\n`
  })
  return `| option | default | allowed | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`
}

if (import.meta.main) writeFileSync(FILE, optionsDocument())
