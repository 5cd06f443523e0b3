/** The parts of a compiled model. A leaf, so that code that only looks at files does not load the compiler. */

/** Raise it whenever the same checkpoint would compile to other graphs, or be asked something else for its fingerprint. */
export const COMPILER_VERSION = 11

export const ENCODER_FILE = 'encoder.onnx'
export const DECODER_FILE = 'decoder.onnx'

export const GENERATE_FILE = 'generate.onnx'

/** In the order in which they run, and are compiled. */
export const GRAPH_PARTS = ['encoder', 'decoder'] as const
/** `generate`: both in one, with the whole search, for CUDA. */
export type GraphPart = (typeof GRAPH_PARTS)[number] | 'generate'

export const GRAPH_FILES: Readonly<Record<GraphPart, string>> = {
  encoder: ENCODER_FILE,
  decoder: DECODER_FILE,
  generate: GENERATE_FILE,
}

/**
 * `cpu`: the caller keeps the texts' keys and values in main memory; CUDA runs such graphs too. `webgpu`: they stay in
 * the GPU's memory from run to run, and the runtime has fewer operators that can be relied on (`plain-attention.ts`).
 */
export type GraphTarget = 'cpu' | 'webgpu'
