/** Opens a model folder: finds its weights, reads and checks everything that lies beside them. */

import { readdirSync } from 'node:fs'
import { AsrError, CheckpointFileMissingError } from '../errors/index.ts'
import { checkCtranslate2, openCtranslate2 } from './ctranslate2.ts'
import { checkpointDigest } from './digest.ts'
import { ADAPTER_CONFIG, foreignWeights } from './foreign-forms.ts'
import { alignmentHeadsIn, type GenerationSources, generationConfig } from './generation-config.ts'
import { type JsonObject, readJsonObject, requireJsonObject } from './json-file.ts'
import { checkTensors, parseConfig, shapeOfTensors } from './model-shape.ts'
import { neededShards } from './needed-shards.ts'
import type { TensorTable } from './tensor-table.ts'
import { readTokenizer } from './tokenizer-files.ts'
import type { Checkpoint, CheckpointConfig } from './types.ts'
import { openFile, openShards } from './weight-files.ts'
import {
  CTRANSLATE2_FILE,
  chooseWeights,
  type FileForm,
  PYTORCH,
  SAFETENSORS,
  type WeightChoice,
} from './weight-form.ts'
import { whisperTensors } from './whisper-tensors.ts'

const CONFIG_FILE = 'config.json'
const GENERATION_FILE = 'generation_config.json'
const CONFIG_REMEDY = 'Take it from the repository of the weights.'

export interface OpenOptions {
  /**
   * The folder of a checkpoint that lends this one its tokenizer, and what this one does not say of itself: LiteASR borrows
   * large-v3's.
   */
  readonly processorFolder?: string | undefined
}

/**
 * The checkpoint in a folder, checked so far that the compiler can rely on its config and tensors. The weights stay
 * on the disk, open until the checkpoint is disposed of.
 *
 * @param folder  Hugging Face's layout (safetensors or PyTorch's files, one or sharded) or CTranslate2's (`model.bin`).
 * @throws {CheckpointFileMissingError} when weights, config, a tensor or the tokenizer are not there.
 * @throws {CheckpointUnsupportedError} when it is not a Whisper, or its parts do not belong together.
 * @throws {CheckpointCorruptError} when a file is damaged.
 */
export async function openCheckpoint(folder: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const { config, configJson, tensors } = await openWeights(folder)
  try {
    checkTensors(config, tensors)
    const said = { generation: await readJsonObject(folder, GENERATION_FILE), config: configJson }
    const tokenizer = await readTokenizer(options.processorFolder ?? folder, config.vocabSize, {
      ...said,
      nMels: config.nMels,
    })
    const generation = generationConfig({
      ...said,
      processor: await processorOf(options.processorFolder),
      tokenIds: tokenizer.tokenIds,
      textIds: tokenizer.textIds,
      shape: config,
    })
    const digest = await digestOf(folder, tensors)
    return {
      config,
      generation,
      tokenizer: tokenizer.files,
      tensors,
      digest,
      [Symbol.dispose]: () => tensors[Symbol.dispose](),
    }
  } catch (error) {
    tensors[Symbol.dispose]()
    throw error
  }
}

/** The lender's two configs, if it is a checkpoint itself. */
async function processorOf(folder: string | undefined): Promise<GenerationSources['processor']> {
  if (folder === undefined) return undefined
  const config = await readJsonObject(folder, CONFIG_FILE)
  const generation = await readJsonObject(folder, GENERATION_FILE)
  return config && generation && { config, generation }
}

/** Inputs that the compiled graphs of a checkpoint depend on. */
export type CompiledSources = Pick<Checkpoint, 'config' | 'digest'> & Pick<Checkpoint['generation'], 'alignmentHeads'>

/**
 * Inputs that the compiled graphs of the checkpoint in a folder depend on, without its tokenizer and with few of its checks.
 *
 * @throws {AsrError} as `openCheckpoint`.
 */
export async function compiledSources(folder: string, { processorFolder }: OpenOptions = {}): Promise<CompiledSources> {
  const { config, configJson, tensors } = await openWeights(folder)
  using _ = tensors
  const alignmentHeads = alignmentHeadsIn({
    generation: await readJsonObject(folder, GENERATION_FILE),
    config: configJson,
    processor: await processorOf(processorFolder),
    shape: config,
  })
  return { config, alignmentHeads, digest: await digestOf(folder, tensors) }
}

/**
 * The `digest` of the checkpoint in a folder, whose weights are not opened: the service's process asks for it, and a header
 * may be a stranger's.
 *
 * @throws {AsrError} where weights or config are not there, or the config is not that of a Whisper.
 */
export async function digestOfFolder(folder: string): Promise<string> {
  return await digestOf(folder, { fileNames: await weightFiles(folder) })
}

async function digestOf(folder: string, { fileNames }: Pick<TensorTable, 'fileNames'>): Promise<string> {
  const choice = await weightsIn(folder)
  const { index } = choice.kind === 'shards' ? choice.form : SAFETENSORS
  return await checkpointDigest(folder, [CONFIG_FILE, GENERATION_FILE, index], fileNames)
}

/** Base names of the files whose tensors `openWeights` would read. */
async function weightFiles(folder: string): Promise<readonly string[]> {
  const choice = await weightsIn(folder)
  if (choice.kind === 'ctranslate2') return [CTRANSLATE2_FILE]
  const config = await requireJsonObject(folder, CONFIG_FILE, CONFIG_REMEDY)
  const { form } = choice
  if (choice.kind === 'shards') return neededShards(config, await requireIndex(folder, form), form)
  parseConfig(config)
  return [choice.file]
}

async function requireIndex(folder: string, { index }: FileForm): Promise<JsonObject> {
  return await requireJsonObject(folder, index, CONFIG_REMEDY)
}

/**
 * Whether a Whisper lies in a folder, by its small config, or by the first bytes of CTranslate2's file: cheap, whatever
 * the rest of it is.
 */
export async function holdsWhisper(folder: string): Promise<boolean> {
  try {
    const files = await weightFiles(folder) // which has looked at the config of all but CTranslate2's
    if (files.includes(CTRANSLATE2_FILE)) checkCtranslate2(folder)
    return files.length > 0
  } catch (error) {
    if (error instanceof AsrError) return false
    throw error
  }
}

/** Config and tensors alone, without the tokenizer: what the compiler works on. */
export interface Weights {
  readonly config: CheckpointConfig
  readonly configJson: JsonObject | undefined
  readonly tensors: TensorTable
}

/**
 * The weights in a folder that `openCheckpoint` has accepted; the caller disposes of the tensors.
 *
 * @throws {AsrError} as `openCheckpoint`.
 */
export async function openWeights(folder: string): Promise<Weights> {
  const choice = await weightsIn(folder)
  if (choice.kind === 'ctranslate2') return await openConverted(folder)
  const configJson = await requireJsonObject(folder, CONFIG_FILE, CONFIG_REMEDY)
  const config = parseConfig(configJson) // before the weights: it is the cheaper check
  const needed = new Set(Array.from(whisperTensors(config), ({ name }) => name))
  const isNeeded = (name: string) => needed.has(name)
  const { form } = choice
  const tensors =
    choice.kind === 'shards'
      ? openShards(folder, await requireIndex(folder, form), form, isNeeded)
      : openFile(folder, choice.file, form, isNeeded)
  return { config, configJson, tensors }
}

async function openConverted(folder: string): Promise<Weights> {
  const configJson = await readJsonObject(folder, CONFIG_FILE)
  const { tensors, encoderHeads, decoderHeads } = openCtranslate2(folder)
  try {
    const config = shapeOfTensors(tensors, { encoder: encoderHeads, decoder: decoderHeads })
    return { config, configJson, tensors }
  } catch (error) {
    tensors[Symbol.dispose]()
    throw error
  }
}

/**
 * The weights in a folder that can be read.
 *
 * @throws {CheckpointUnsupportedError} when it has its weights for another program.
 * @throws {CheckpointFileMissingError} when it has none that are known.
 */
async function weightsIn(folder: string): Promise<WeightChoice> {
  const names = namesIn(folder)
  const choice = chooseWeights(names)
  if (choice) return choice
  const foreign = foreignWeights({
    names,
    config: await readJsonObject(folder, CONFIG_FILE),
    adapter: await readJsonObject(folder, ADAPTER_CONFIG),
  })
  throw foreign ?? missingWeights()
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no folder, or none that may be read
  }
}

function missingWeights(): CheckpointFileMissingError {
  const [safetensors, pytorch] = [SAFETENSORS.single[0], PYTORCH.single[0]]
  return new CheckpointFileMissingError(
    `weights that can be read ('${safetensors}', '${pytorch}' or CTranslate2's '${CTRANSLATE2_FILE}')`,
    `Choose a revision or a conversion of the model that has '${safetensors}', often the branch refs/pr/1 on the hub.`,
  )
}
