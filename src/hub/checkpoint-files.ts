/** Which files of a repository are worth downloading: what our readers read, each weight once, and never code. */

import { ADAPTER_CONFIG, checkForeignConfig, foreignWeights } from '../checkpoint/foreign-forms.ts'
import type { JsonObject } from '../checkpoint/json-file.ts'
import { neededShards } from '../checkpoint/needed-shards.ts'
import { CTRANSLATE2_FILE, chooseWeights, type FileForm } from '../checkpoint/weight-form.ts'
import { type AsrError, CheckpointCorruptError, CheckpointFileMissingError } from '../errors/index.ts'

/** The files to choose from: those of a repository on the hub, or those that the cache has of one. */
export interface FileListing {
  /** Names in the top folder, where all that belongs to a checkpoint lies. */
  readonly names: readonly string[]
  /** Names of the folders beside them, none of which is ever fetched. */
  readonly folders?: readonly string[]
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

/** A whole checkpoint, with its own tokenizer if it has one. */
export const checkpointFiles: FileChoice = async (listing) => {
  const configs = await checkpointConfigs(listing)
  const weights = await weightFiles(listing)
  return [...configs, ...tokenizerFiles(listing.names), ...weights]
}

/** A checkpoint whose tokenizer comes from another repository. */
export const checkpointFilesWithoutTokenizer: FileChoice = async (listing) => {
  const configs = await checkpointConfigs(listing)
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

async function checkpointConfigs(listing: FileListing): Promise<readonly string[]> {
  const { names } = listing
  const config = await readIfThere(listing, CONFIG)
  if (config) checkForeignConfig(config)
  if (names.includes(CONFIG)) return present([CONFIG, GENERATION_CONFIG], names)
  const missing = new CheckpointFileMissingError(
    CONFIG,
    'Choose a repository or folder that holds a Whisper checkpoint.',
  )
  throw (await foreignIn(listing)) ?? missing
}

/** A damaged one is reported when the checkpoint is opened. */
async function readIfThere({ names, readJson }: FileListing, name: string): Promise<JsonObject | undefined> {
  if (!names.includes(name)) return undefined
  try {
    return await readJson(name)
  } catch (error) {
    if (error instanceof CheckpointCorruptError) return undefined
    throw error
  }
}

async function foreignIn(listing: FileListing): Promise<AsrError | undefined> {
  return foreignWeights({
    names: [...listing.names, ...(listing.folders ?? [])],
    config: await readIfThere(listing, CONFIG),
    adapter: await readIfThere(listing, ADAPTER_CONFIG),
  })
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
  const choice = chooseWeights(listing.names)
  switch (choice?.kind) {
    case 'file':
      return [choice.file]
    case 'shards':
      return await shardFiles(listing, choice.form)
    case 'ctranslate2':
      return [CTRANSLATE2_FILE]
  }
  const missing = new CheckpointFileMissingError(
    'weights',
    'Look for a repository or revision that has model.safetensors, pytorch_model.bin, or the model.bin of CTranslate2.',
  )
  throw (await foreignIn(listing)) ?? missing
}

async function shardFiles({ names, readJson }: FileListing, form: FileForm): Promise<readonly string[]> {
  const shards = neededShards(await readJson(CONFIG), await readJson(form.index), form)
  const missing = shards.find((shard) => !names.includes(shard))
  if (missing === undefined) return [form.index, ...shards]
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
