/** Which files of a repository are worth downloading: what our readers read, each weight once, and never code. */

import { CheckpointFileMissingError } from '../errors/index.ts'

/**
 * Picks from the names of a repository's top folder those that are needed, small ones first.
 *
 * @throws {CheckpointFileMissingError} when the repository cannot serve, before anything large is fetched.
 */
export type FileChoice = (names: readonly string[]) => readonly string[]

const CONFIG_FILES = ['config.json', 'generation_config.json', 'preprocessor_config.json']

const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
  'added_tokens.json',
  'special_tokens_map.json',
  'normalizer.json',
  'vocabulary.json',
  'vocabulary.txt',
]

/** Any of these is enough to build a tokenizer from; `vocab.json` needs `merges.txt` too. */
const TOKENIZER_ROOTS = [['tokenizer.json'], ['vocab.json', 'merges.txt'], ['vocabulary.json'], ['vocabulary.txt']]

const SAFETENSORS = 'model.safetensors'
export const SAFETENSORS_INDEX = 'model.safetensors.index.json'
const CTRANSLATE2 = 'model.bin'

/** The name that `save_pretrained` gives; a second set in another precision (`model.fp32-00001-of-…`) does not match. */
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/

/** Files of weights that exist for Whisper but would need another framework, or pickle, to read. */
const FOREIGN_WEIGHTS =
  /^(pytorch_model.*\.bin|tf_model\.h5|flax_model\.msgpack|.*\.(onnx|pt|ckpt|gguf))$|^ggml-.*\.bin$/

/** A whole checkpoint, with its own tokenizer if it has one. */
export const checkpointFiles: FileChoice = (names) => {
  const weights = weightFiles(names)
  return [...checkpointConfigs(names), ...present(TOKENIZER_FILES, names), ...weights]
}

/** A checkpoint whose tokenizer comes from another repository. */
export const checkpointFilesWithoutTokenizer: FileChoice = (names) => {
  const weights = weightFiles(names)
  return [...checkpointConfigs(names), ...weights]
}

/** The tokenizer alone. */
export const tokenizerFiles: FileChoice = (names) => ownTokenizer(names)

function checkpointConfigs(names: readonly string[]): readonly string[] {
  if (!names.includes('config.json')) {
    throw new CheckpointFileMissingError(
      'config.json',
      'Choose a repository or folder that holds a Whisper checkpoint.',
    )
  }
  return present(CONFIG_FILES, names)
}

/** True when a tokenizer can be built from files of these names. */
export function hasTokenizer(names: readonly string[]): boolean {
  return TOKENIZER_ROOTS.some((root) => root.every((name) => names.includes(name)))
}

function ownTokenizer(names: readonly string[]): readonly string[] {
  if (!hasTokenizer(names)) {
    throw new CheckpointFileMissingError(
      'a tokenizer (tokenizer.json, or vocab.json with merges.txt)',
      'Name a repository that has one as the "tokenizer" of this model in MODELS_FILE.',
    )
  }
  return present(TOKENIZER_FILES, names)
}

function weightFiles(names: readonly string[]): readonly string[] {
  if (names.includes(SAFETENSORS)) return [SAFETENSORS]
  const shards = names.filter((name) => SHARD.test(name)).sort()
  if (names.includes(SAFETENSORS_INDEX) && shards.length > 0) return [SAFETENSORS_INDEX, ...shards]
  if (names.includes(CTRANSLATE2)) return [CTRANSLATE2]

  const foreign = names.find((name) => FOREIGN_WEIGHTS.test(name))
  throw new CheckpointFileMissingError(
    foreign === undefined ? 'weights' : `weights that can be read (of weights it has only files such as ${foreign})`,
    'Look for a repository or revision that has model.safetensors, or the model.bin of CTranslate2.',
  )
}

function present(wanted: readonly string[], names: readonly string[]): readonly string[] {
  return wanted.filter((name) => names.includes(name))
}
