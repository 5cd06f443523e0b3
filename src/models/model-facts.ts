/** Facts of a model without loading it: from its files and from what was compiled. Loads no onnxruntime. */

import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CheckpointConfig,
  digestOfFolder,
  LOW_RANK_LINEARS,
  type LowRankLinear,
  openCheckpoint,
  openWeights,
  whisperTensors,
} from '../checkpoint/index.ts'
import { COMPILER_VERSION } from '../compiler/format.ts'
import type { EngineSettings } from '../config.ts'
import { AsrError } from '../errors/index.ts'
import { cachedFolder, resolveCheckpointFolder } from '../hub/index.ts'
import { resolveDevice } from './compiled/identity.ts'
import { type CachedModel, listCompiled, machineIdentity } from './compiled/index.ts'
import type { FormatMeasurement } from './precision/format-times.ts'
import { type MeasuredSpeed, measuredSpeed } from './precision/measured-speeds.ts'
import { keptMeasurement } from './precision/precision.ts'
import type { ModelEntry } from './registry.ts'

/** Ranks of one kind of linear layer over all encoder layers that have it as a low-rank pair. */
export interface RankRange {
  readonly layers: number
  readonly smallest: number
  readonly largest: number
}

export interface ModelFacts {
  /** undefined: the files are not on this machine, so the rest is not known. */
  readonly config: CheckpointConfig | undefined
  /** Why files that are here cannot be read. */
  readonly failure: string | undefined
  readonly nParameters: number | undefined
  /** Ranks by the layer's usual name; empty for a model without low-rank layers. */
  readonly ranks: Readonly<Partial<Record<LowRankLinear, RankRange>>>
  /** Codes; empty for one that knows only English, undefined where the tokenizer is not here. */
  readonly languages: readonly string[] | undefined
  readonly checkpointBytes: number | undefined
  /** Everything that was compiled from these files, also for other machines and settings; what was used last is first. */
  readonly compiled: readonly (CachedModel & { readonly isForThisMachine: boolean })[]
  readonly speed: MeasuredSpeed | undefined
  /** What the choice of the precision goes by; undefined where nothing has been measured, or nothing was to be. */
  readonly precision: FormatMeasurement | undefined
}

const NOTHING: ModelFacts = {
  config: undefined,
  failure: undefined,
  nParameters: undefined,
  ranks: {},
  languages: undefined,
  checkpointBytes: undefined,
  compiled: [],
  speed: undefined,
  precision: undefined,
}

/** Reads files only; no network. */
export async function modelFacts(
  entry: ModelEntry,
  settings: Pick<EngineSettings, 'hub' | 'cacheDir' | 'device' | 'dtype'>,
): Promise<ModelFacts> {
  const folder = await cachedFolder(entry, settings)
  if (folder === undefined) return NOTHING
  const checkpointBytes = await bytesOf(folder)
  try {
    const { config, tensors } = await openWeights(folder)
    tensors[Symbol.dispose]()
    const digest = await digestOfFolder(folder)
    return {
      config,
      failure: undefined,
      nParameters: parametersOf(config),
      ranks: ranksOf(config),
      languages: await languagesOf(entry, folder, settings),
      checkpointBytes,
      compiled: compiledOf(settings.cacheDir, digest),
      speed: measuredSpeed(settings.cacheDir, digest),
      precision: keptMeasurement({
        ...settings,
        session: { device: resolveDevice(settings.device) },
        width: config.dModel,
      }),
    }
  } catch (error) {
    if (!(error instanceof AsrError)) throw error
    return { ...NOTHING, checkpointBytes, failure: error.sentence }
  }
}

/** Digest under which results about a model are kept; undefined where its files are not here. */
export async function digestOfModel(
  entry: ModelEntry,
  settings: Pick<EngineSettings, 'hub' | 'cacheDir'>,
): Promise<string | undefined> {
  const folder = await cachedFolder(entry, settings)
  return folder === undefined ? undefined : await digestOfFolder(folder)
}

async function languagesOf(
  entry: ModelEntry,
  folder: string,
  settings: Pick<EngineSettings, 'hub' | 'cacheDir'>,
): Promise<readonly string[] | undefined> {
  try {
    const { processorFolder } = await resolveCheckpointFolder(entry, {
      ...settings,
      hub: { ...settings.hub, offline: true },
      signal: new AbortController().signal,
    })
    using checkpoint = await openCheckpoint(folder, processorFolder === undefined ? {} : { processorFolder })
    return [...checkpoint.generation.languageIds.keys()]
  } catch (error) {
    if (error instanceof AsrError) return undefined
    throw error
  }
}

function compiledOf(cacheDir: string, digest: string): ModelFacts['compiled'] {
  const machine = machineIdentity()
  const found = listCompiled(cacheDir).flatMap((model) => {
    const { manifest } = model
    if (manifest?.digest !== digest) return []
    const isForThisMachine =
      manifest.compiler === COMPILER_VERSION && (manifest.machine === null || manifest.machine === machine)
    return [{ ...model, isForThisMachine }]
  })
  return found.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime())
}

function parametersOf(config: CheckpointConfig): number {
  let n = 0
  for (const { shape } of whisperTensors(config)) n += shape.reduce((product, size) => product * size, 1)
  return n
}

function ranksOf({ lowRank }: CheckpointConfig): ModelFacts['ranks'] {
  const ranges: Partial<Record<LowRankLinear, RankRange>> = {}
  for (const linear of LOW_RANK_LINEARS) {
    const ranks = lowRank.map((layer) => layer[linear]).filter((rank) => rank !== undefined)
    if (ranks.length === 0) continue
    ranges[linear] = { layers: ranks.length, smallest: Math.min(...ranks), largest: Math.max(...ranks) }
  }
  return ranges
}

/** Sizes of the files themselves, where the folder has links to them. */
async function bytesOf(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(folder)) {
    const stats = await stat(await realpath(join(folder, name)).catch(() => folder))
    if (stats.isFile()) bytes += stats.size
  }
  return bytes
}
