/** Transcriptions: segments, words, the whole text, and the formats that they are written in. */

export { isWrittenWithoutSpaces, languageName } from '../language-table.ts'
export {
  checkAnswerOptions,
  FORMAT_NAMES,
  FORMATS,
  type Format,
  type FormatName,
  writeTranscription,
} from './formats.ts'
export {
  type DeltaEvent,
  type DoneEvent,
  type OpenAiJson,
  type OpenAiVerboseJson,
  openAiJsonSchema,
  openAiVerboseJsonSchema,
  type ProgressEvent,
  progressEventSchema,
  type SegmentEvent,
  segmentEventSchema,
  type Usage,
} from './openai-json.ts'
export type { SubtitleOptions } from './subtitle-layout.ts'
export {
  checkSubtitleOptions,
  parseSubtitleOptions,
  SUBTITLE_OPTIONS,
  subtitleOptionInfos,
  wantsWords,
} from './subtitle-options.ts'
export { joinTexts, TextJoiner } from './text-joiner.ts'
export type {
  LanguageDetection,
  Quality,
  Segment,
  Statistics,
  TokenLogprob,
  Transcription,
  Word,
  WorkKind,
  WorkResults,
} from './transcription.ts'
export { QUALITIES, TASKS } from './transcription.ts'
export { toVerboseJson, type VerboseJson, verboseJsonSchema } from './verbose-json.ts'
