/** Transcriptions: segments, words, the whole text, and the formats that they are written in. */

export { isWrittenWithoutSpaces, languageName } from '../language-table.ts'
export { checkAnswerOptions, FORMATS, type Format, type FormatName, writeTranscription } from './formats.ts'
export {
  checkSubtitleOptions,
  parseSubtitleOptions,
  type SubtitleOptions,
  subtitleOptionInfos,
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
} from './transcription.ts'
export { toVerboseJson, type VerboseJson, type VerboseSegment, type VerboseWord } from './verbose-json.ts'
