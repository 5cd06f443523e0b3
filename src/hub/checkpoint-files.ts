/** Which files of a repository are worth downloading: what our readers read, each weight once, and never code. */

import type { JsonObject } from '../checkpoint/json-file.ts'
import { neededShards } from '../checkpoint/needed-shards.ts'
import { CheckpointFileMissingError } from '../errors/index.ts'

/** The files to choose from: those of a repository on the hub, or those that the cache has of one. */
export interface FileListing {
  /** Names in the top folder, where all that belongs to a checkpoint lies. */
  readonly names: readonly string[]
  /** Contents of one of these files, which must be a small one. */
  readonly readJson: (name: string) => Promise<JsonObject>
}

/**
 * Picks the files that are needed, small ones first.
 *
 * @throws {CheckpointFileMissingError} when the repository cannot serve, before anything large is fetched.
 * @throws {CheckpointCorruptError | CheckpointUnsupportedError} when a small file that decides it is damaged.
 */
export type FileChoice = (listing: FileListing) => Promise<readonly string[]>

export const CONFIG = 'config.json'
const GENERATION_CONFIG = 'generation_config.json'

/** Any of these is enough to build a tokenizer from, the first that is there; `vocab.json` needs `merges.txt` too. */
const TOKENIZER_ROOTS = [['tokenizer.json'], ['vocab.json', 'merges.txt'], ['vocabulary.json'], ['vocabulary.txt']]
const TOKENIZER_CONFIG = 'tokenizer_config.json'
/** Tokens that stand there alone: all special ones beside `vocab.json`, those of fine-tunes also beside `tokenizer.json`. */
const ADDED_TOKENS = 'added_tokens.json'

const SAFETENSORS = 'model.safetensors'
const SAFETENSORS_INDEX = 'model.safetensors.index.json'
const CTRANSLATE2 = 'model.bin'

/** The name that `save_pretrained` gives; a second set in another precision (`model.fp32-00001-of-…`) does not match. */
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/

/** Files of weights that exist for Whisper but would need another framework, or pickle, to read. */
const FOREIGN_WEIGHTS =
  /^(pytorch_model.*\.bin|tf_model\.h5|flax_model\.msgpack|.*\.(onnx|pt|ckpt|gguf))$|^ggml-.*\.bin$/

/** A whole checkpoint, with its own tokenizer if it has one. */
export const checkpointFiles: FileChoice = async (listing) => {
  const configs = checkpointConfigs(listing.names)
  const weights = await weightFiles(listing)
  return [...configs, ...tokenizerFiles(listing.names), ...weights]
}

/** A checkpoint whose tokenizer comes from another repository. */
export const checkpointFilesWithoutTokenizer: FileChoice = async (listing) => {
  const configs = checkpointConfigs(listing.names)
  return [...configs, ...(await weightFiles(listing))]
}

/** Files that another checkpoint borrows: the tokenizer, and those about the decoder that it belongs to. */
export const processorFiles: FileChoice = async ({ names }) => {
  if (!hasTokenizer(names)) {
    throw new CheckpointFileMissingError(
      'a tokenizer (tokenizer.json, or vocab.json with merges.txt)',
      'Name a repository that has one as the "tokenizer" of this model in MODELS_FILE.',
    )
  }
  return [...present([CONFIG, GENERATION_CONFIG], names), ...tokenizerFiles(names)]
}

function checkpointConfigs(names: readonly string[]): readonly string[] {
  if (!names.includes(CONFIG)) {
    throw new CheckpointFileMissingError(CONFIG, 'Choose a repository or folder that holds a Whisper checkpoint.')
  }
  return present([CONFIG, GENERATION_CONFIG], names)
}

/** True when a tokenizer can be built from files of these names. */
export function hasTokenizer(names: readonly string[]): boolean {
  return tokenizerFiles(names).length > 0
}

/** The tokenizer's files; none where the repository has no tokenizer. */
function tokenizerFiles(names: readonly string[]): readonly string[] {
  const root = TOKENIZER_ROOTS.find((files) => files.every((name) => names.includes(name)))
  if (root === undefined) return []
  return [...root, ...present([TOKENIZER_CONFIG, ADDED_TOKENS], names)]
}

async function weightFiles(listing: FileListing): Promise<readonly string[]> {
  const { names } = listing
  if (names.includes(SAFETENSORS)) return [SAFETENSORS]
  if (names.includes(SAFETENSORS_INDEX) && names.some((name) => SHARD.test(name))) return await shardFiles(listing)
  if (names.includes(CTRANSLATE2)) return [CTRANSLATE2]

  const foreign = names.find((name) => FOREIGN_WEIGHTS.test(name))
  throw new CheckpointFileMissingError(
    foreign === undefined ? 'weights' : `weights that can be read (of weights it has only files such as ${foreign})`,
    'Look for a repository or revision that has model.safetensors, or the model.bin of CTranslate2.',
  )
}

async function shardFiles({ names, readJson }: FileListing): Promise<readonly string[]> {
  const shards = neededShards(await readJson(CONFIG), await readJson(SAFETENSORS_INDEX))
  const missing = shards.find((shard) => !names.includes(shard))
  if (missing === undefined) return [SAFETENSORS_INDEX, ...shards]
  throw new CheckpointFileMissingError(
    `the file '${missing}' that its index names`,
    'Choose another revision, or download the checkpoint again.',
  )
}

/** Type of the weights, as the config says that they are stored; as published unless it says so. */
export function bytesPerParameter({ torch_dtype, dtype = torch_dtype }: JsonObject): number {
  return dtype === 'float16' || dtype === 'bfloat16' ? 2 : 4
}

function present(wanted: readonly string[], names: readonly string[]): readonly string[] {
  return wanted.filter((name) => names.includes(name))
}
