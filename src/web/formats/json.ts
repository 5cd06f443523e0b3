/** The transcript under the names of OpenAI's `verbose_json`, with what has been corrected. */

import { languageName } from '../../language-table.ts'
import { isEdited, type Transcript, textOf, type Word } from '../transcript/transcript.ts'

export function writeJson(transcript: Transcript): string {
  const { task, language, languageProbability, durationSeconds, segments, warnings, model, name } = transcript
  const answer = {
    task,
    ...(language !== undefined && { language: languageName(language) }),
    ...(languageProbability !== undefined && { language_probability: languageProbability }),
    duration: durationSeconds,
    text: textOf(segments),
    words: segments.flatMap(({ words }) => words.map(wordObject)),
    segments: segments.map((segment) => ({
      id: segment.id,
      start: segment.start,
      end: segment.end,
      text: segment.text,
      quality: segment.quality,
      ...(isEdited(segment) && { edited: true }),
    })),
    warnings,
    file: name,
    ...(model !== undefined && { model }),
    ...(transcript.isPartial && { partial: true }),
  }
  return `${JSON.stringify(answer, undefined, 2)}\n`
}

/** Without a probability where a person wrote the word. */
function wordObject({ word, start, end, probability }: Word): object {
  return { word, start, end, ...(probability !== undefined && { probability }) }
}
