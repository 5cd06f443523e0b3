/**
 * Forms in which Whisper is published for other programs. Each is named for what it is, with the repository to take in its
 * place, before anything large is fetched.
 */

import { CheckpointUnsupportedError } from '../errors/index.ts'
import { isJsonObject, type JsonObject } from './json-file.ts'

// ── by the small files ──────────────────────────────────────────────────────────────────────────────────────────────

/**
 * @param config  contents of config.json.
 * @throws {CheckpointUnsupportedError} when it is that of another form.
 */
export function checkForeignConfig(config: JsonObject): void {
  if (isJsonObject(config.quantization)) throw takeOriginal("MLX's form, quantised", originalOf(config))
  if (config.n_audio_state !== undefined && config.d_model === undefined) {
    throw takeOriginal("MLX's form", originalOf(config))
  }
  if (isJsonObject(config.quantization_config)) {
    const { quant_method: method } = config.quantization_config
    throw quantised(typeof method === 'string' ? method : 'bitsandbytes', originalOf(config))
  }
  const { architectures } = config
  if (Array.isArray(architectures) && architectures[0] === 'WhisperForAudioClassification') {
    throw new CheckpointUnsupportedError(
      'it tells kinds of sound apart (WhisperForAudioClassification) and writes no text',
      'Choose a model for speech recognition.',
    )
  }
}

/** Names of tensors that only other forms have, and what says so. */
const FOREIGN_TENSORS: readonly (readonly [names: RegExp, error: () => CheckpointUnsupportedError])[] = [
  [/\.(absmax|quant_map|quant_state\.\w+|SCB)$/, () => quantised('bitsandbytes')],
  [/\.(qweight|qzeros|g_idx)$/, () => quantised('GPTQ or AWQ')],
  [/\.(weight_packed|weight_scale)$/, () => quantised('compressed-tensors')],
  [/\.lora_[AB]\./, () => adapter(undefined)],
  [/\.scales$/, () => takeOriginal("MLX's form, quantised")],
  [/^(encoder|decoder)\.blocks\.\d+\./, () => takeOriginal("MLX's or OpenAI's own form")],
]

/**
 * @param names  of all tensors in a file, or that an index names.
 * @throws {CheckpointUnsupportedError} when one shows another form.
 */
export function checkForeignTensors(names: Iterable<string>): void {
  for (const name of names) {
    const known = FOREIGN_TENSORS.find(([pattern]) => pattern.test(name))
    if (known) throw known[1]()
  }
}

export interface ForeignFacts {
  /** Of files and folders in the top folder. */
  readonly names: readonly string[]
  /** Contents of config.json and adapter_config.json; undefined where there is none. */
  readonly config: JsonObject | undefined
  readonly adapter: JsonObject | undefined
}

export const ADAPTER_CONFIG = 'adapter_config.json'

/** Names of files that show a form, the surest first. */
const FORMS: readonly (readonly [names: RegExp, form: string])[] = [
  [/^weights(\.\d+)?\.(npz|safetensors)$/, "MLX's form"],
  [/^((tiny|base|small|medium|large)(\.en|-v\d)?(-turbo)?|turbo)\.pt$/, "OpenAI's own form"],
  [/^ggml-.*\.bin$|\.ggml$/, "whisper.cpp's form (GGML)"],
  [/\.gguf$/, 'the form GGUF'],
  [/\.(mlmodelc|mlpackage|mlmodel)(\.zip)?$|^openai_whisper-/, "Core ML's form (WhisperKit)"],
  [/^openvino_.*\.(xml|bin)$/, "OpenVINO's form"],
  [/\.onnx(_data)?$|^onnx$/, 'the form ONNX'],
  [/\.tflite$/, "TensorFlow Lite's form"],
]
/** What transformers itself can turn into a form that is read. */
const CONVERTIBLE: readonly (readonly [name: RegExp, framework: string, option: string])[] = [
  [/^tf_model.*\.h5$/, 'TensorFlow', 'from_tf=True'],
  [/^flax_model.*\.msgpack$/, 'Flax', 'from_flax=True'],
]

/** What a folder or repository without weights that can be read has instead; undefined: nothing that is known. */
export function foreignWeights({
  names,
  config,
  adapter: adapterConfig,
}: ForeignFacts): CheckpointUnsupportedError | undefined {
  if (names.includes(ADAPTER_CONFIG)) return adapter(adapterConfig)
  if (names.some((name) => name.endsWith('.nemo'))) {
    return new CheckpointUnsupportedError('it is a model of NeMo', 'Choose a model of the Whisper family.')
  }
  for (const [pattern, form] of FORMS) {
    const found = names.find((name) => pattern.test(name))
    if (found !== undefined) return takeOriginal(form, originalOfFile(found) ?? (config && originalOf(config)))
  }
  for (const [pattern, framework, option] of CONVERTIBLE) {
    if (!names.some((name) => pattern.test(name))) continue
    return new CheckpointUnsupportedError(
      `it has its weights for ${framework} alone`,
      `Look for a revision with model.safetensors, often refs/pr/1 on the hub, or convert it with transformers: from_pretrained(…, ${option}), then save_pretrained(…).`,
    )
  }
  return undefined
}

// ── what is said ────────────────────────────────────────────────────────────────────────────────────────────────────

/** @param dims  as OpenAI's files and MLX's configs have them. */
export function openaiForm(dims: JsonObject): CheckpointUnsupportedError {
  return takeOriginal("OpenAI's own form", originalOf(dims))
}

/** @param original  its repository, where that can be told. */
export function takeOriginal(form: string, original?: string): CheckpointUnsupportedError {
  const such = original === undefined ? '' : `, such as '${original}'`
  return new CheckpointUnsupportedError(
    `it is in ${form}`,
    `Take the original repository that it was made from${such}: one with model.safetensors, pytorch_model.bin or the model.bin of CTranslate2.`,
  )
}

function quantised(by: string, original?: string): CheckpointUnsupportedError {
  const such = original === undefined ? '' : `, such as '${original}'`
  return new CheckpointUnsupportedError(
    `its weights are quantised by ${by.slice(0, 40)}`,
    `Take the original repository that it was made from${such}: weights are packed into 8 bits here when it is compiled.`,
  )
}

function adapter(config: JsonObject | undefined): CheckpointUnsupportedError {
  const base = config?.base_model_name_or_path
  const kind = typeof config?.peft_type === 'string' ? ` (${config.peft_type.slice(0, 20)})` : ''
  const of = isRepository(base) ? `'${base}'` : 'another model'
  return new CheckpointUnsupportedError(
    `it is an adapter${kind} of ${of}, not a model of its own`,
    `Merge it into that model with Python's peft: merge_and_unload(), then save_pretrained(…), and take the folder that this writes.`,
  )
}

// ── which model it was ──────────────────────────────────────────────────────────────────────────────────────────────

/** Names by width; each has as many layers of either kind. */
const SIZES: Readonly<Record<number, readonly [name: string, layers: number]>> = {
  384: ['tiny', 4],
  512: ['base', 6],
  768: ['small', 12],
  1024: ['medium', 24],
  1280: ['large', 32],
}
/** Decoder layers of large-v3-turbo. */
const TURBO_LAYERS = 4

/** By its config, in Hugging Face's words or in OpenAI's, which are MLX's too. */
function originalOf(config: JsonObject): string | undefined {
  if (isRepository(config._name_or_path)) return config._name_or_path
  const width = config.d_model ?? config.n_audio_state
  const encoderLayers = config.encoder_layers ?? config.n_audio_layer
  const decoderLayers = config.decoder_layers ?? config.n_text_layer
  const vocabSize = config.vocab_size ?? config.n_vocab
  const [size, layers] = SIZES[Number(width)] ?? []
  if (size === undefined || encoderLayers !== layers) return undefined
  const isThird = vocabSize === 51866
  if (size === 'large' && isThird && decoderLayers === TURBO_LAYERS) return 'openai/whisper-large-v3-turbo'
  if (decoderLayers !== layers) return undefined
  if (size === 'large') return `openai/whisper-large-${isThird ? 'v3' : 'v2'}`
  return `openai/whisper-${size}${vocabSize === 51864 ? '.en' : ''}`
}

/** `ggml-large-v3-turbo-q5_0.bin`, `large-v3.pt` */
function originalOfFile(name: string): string | undefined {
  const [, size] =
    /^(?:ggml-)?((?:(?:tiny|base|small|medium)(?:\.en)?|large(?:-v[123])?(?:-turbo)?))\b/.exec(name) ?? []
  return size && `openai/whisper-${size}`
}

/** What stands there may also be a folder on somebody's disk. */
function isRepository(name: unknown): name is string {
  return typeof name === 'string' && name.length <= 96 && /^[A-Za-z0-9][\w.-]*\/[\w.-]+$/.test(name)
}
