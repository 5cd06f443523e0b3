/** Decoding, pure: given a step from tokens to logits, it finds the text. */
export { type DecodedWindow, type DecodeOptions, decodeWindows, type TextModel } from './decode-windows.ts'
export { type DecodedRow, decodeGreedy, type GreedyOptions, type TextDecoder } from './greedy.ts'
export { isWrittenWithoutSpaces, resolveLanguage } from './languages.ts'
export { WhisperTokenizer } from './tokenizer.ts'
