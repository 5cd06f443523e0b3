/** What a compiled model consists of. A leaf, so that who only looks at files does not load the compiler. */

/** Raise it whenever the same checkpoint would compile to other graphs, or be asked something else for its fingerprint. */
export const COMPILER_VERSION = 10

export const ENCODER_FILE = 'encoder.onnx'
export const DECODER_FILE = 'decoder.onnx'

export const GENERATE_FILE = 'generate.onnx'

/** In the order in which they run, and are compiled. */
export const GRAPH_PARTS = ['encoder', 'decoder'] as const
/** `whole-text`: both in one, for devices that want it. */
export type GraphPart = (typeof GRAPH_PARTS)[number] | 'generate'

export const GRAPH_FILES: Readonly<Record<GraphPart, string>> = {
  encoder: ENCODER_FILE,
  decoder: DECODER_FILE,
  generate: GENERATE_FILE,
}
