/**
 * Real Whisper weights for the tests that need them, from what set-up has downloaded. Nothing is downloaded here:
 * where a model is absent, `skip` says so, and a test passes it on as its reason.
 */

import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { type CheckpointConfig, openCheckpoint, type TensorSource } from '../../../src/checkpoint/index.ts'
import { openFile } from '../../../src/checkpoint/weight-files.ts'
import { SAFETENSORS } from '../../../src/checkpoint/weight-form.ts'
import { hubConfig, type LazyTensor, writeJson, writeSafetensors } from '../builders/checkpoint-builder.ts'
import { inLowRankForm } from '../builders/low-rank-form.ts'
import { skipped } from '../skip.ts'

export interface RealModel {
  /** Empty where `skip` is a reason. */
  readonly folder: string
  /** For node:test: `test('…', { skip: model.skip }, …)`. */
  readonly skip: string | false
}

/** The data that is shared between checkouts, beside this repository. */
export const SHARED_FOLDER = resolve(import.meta.dirname, '../../../../shared')

/** Whisper base, multilingual, as CTranslate2's float16 `model.bin`. */
export function baseFolder(): RealModel {
  return find('whisper-base', 'package-index')
}

/** Whisper tiny.en, English-only, as CTranslate2's float16 `model.bin`. */
export function tinyEnFolder(): RealModel {
  return find('whisper-tiny.en', 'test-models')
}

/** Real LiteASR encoder of Whisper base with base's decoder, joined as the README in `shared/models` says. */
export async function liteWhisperBaseFolder(): Promise<RealModel> {
  const base = baseFolder()
  if (base.skip) return base
  const lite = join(SHARED_FOLDER, 'models/lite-whisper-base')
  if (!existsSync(lite)) return absent('the LiteASR encoder in ../shared/models/lite-whisper-base')
  using encoder = openFile(lite, 'encoder.safetensors', SAFETENSORS)
  return await build('lite-whisper-base', base, (source) => {
    const tensors = pick(source.tensors, (name) => (name.startsWith('encoder.') ? undefined : name))
    const config: Record<string, unknown> = JSON.parse(readFileSync(join(lite, 'config.json'), 'utf8'))
    return { tensors: { ...tensors, ...pick(encoder, (name) => name) }, config }
  })
}

/** The same or, where that encoder is absent, base's own in its form; for tests that take any low-rank model. */
export async function lowRankBaseFolder(): Promise<RealModel> {
  const lite = await liteWhisperBaseFolder()
  return lite.skip ? await factoredBaseFolder() : lite
}

/** Whisper base with its encoder in the form of LiteASR's: another graph, the same words. */
export async function factoredBaseFolder(): Promise<RealModel> {
  const base = baseFolder()
  if (base.skip) return base
  return await build('factored-base', base, (source) => {
    const { shape, tensors } = inLowRankForm(source.config, source.tensors)
    return { tensors: withPrefix(tensors), config: hubConfig(shape) }
  })
}

/** Whisper base with its decoder layers 0 and 5 only: the shape of a distilled model, not its quality. */
export async function distilShapeBaseFolder(): Promise<RealModel> {
  const base = baseFolder()
  if (base.skip) return base
  return await build('distil-shape-base', base, (source) => {
    const kept: Record<string, number | undefined> = { 0: 0, 5: 1 }
    const tensors = pick(source.tensors, (name) => {
      const [, layer, rest] = /^decoder\.layers\.(\d+)\.(.+)$/.exec(name) ?? []
      if (layer === undefined) return name
      return kept[layer] === undefined ? undefined : `decoder.layers.${kept[layer]}.${rest}`
    })
    return { tensors, config: hubConfig({ ...source.config, decoderLayers: 2 }) }
  })
}

/**
 * Whisper base with the same words in float32, and far worse ones where its decoder is stored in 8-bit blocks: of every four
 * channels that attention gives to its output projection one is made small and its weights large, by powers of two that
 * cancel out. Weights and inputs of the other three are then rounded away beside them, or they beside these.
 */
export async function hurtBy8BitsFolder(factor = HURTING_FACTOR): Promise<RealModel> {
  const base = baseFolder()
  if (base.skip) return base
  return await build(`hurt-by-8-bits-${factor}`, base, (source) => {
    const tensors = pick(source.tensors, (name) => name)
    for (const name of source.tensors.names()) {
      const part =
        /^decoder\.layers\.\d+\.(?:self_attn|encoder_attn)\.(v_proj\.(?:weight|bias)|out_proj\.weight)$/.exec(name)?.[1]
      if (part === undefined) continue
      const shape = source.tensors.shape(name)
      const width = shape.at(-1)!
      // Channels are the rows of the values' weights, the columns of the output's.
      const channelOf = (i: number) => (part === 'v_proj.weight' ? Math.floor(i / width) : i % width)
      const scale = part === 'out_proj.weight' ? factor : 1 / factor
      const data = () => source.tensors.read(name).map((value, i) => (channelOf(i) % 4 === 0 ? value * scale : value))
      tensors[`model.${name}`] = { dtype: 'F32', shape, data } // float16 would lose some of the small ones
    }
    return { tensors, config: hubConfig(source.config) }
  })
}

const HURTING_FACTOR = 128

// ── where they are ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Where set-up puts weights, and what was compiled from them lies. */
export function cacheFolder(): string {
  const xdgCache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return process.env.PARADOX_CACHE_DIR || join(xdgCache, 'paradox-asr')
}

/**
 * Gives a cache of a test's own what other tests have compiled, by hard links where they can be had: what the test deletes
 * there stays for the others, and compiling Whisper base, which takes half a minute, is done once in a run.
 */
export function linkCompiled(from: string, to: string): void {
  const [source, target] = [join(from, 'compiled'), join(to, 'compiled')]
  if (!existsSync(source)) return
  for (const entry of readdirSync(source, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    const parts = relative(source, path).split(sep)
    // Locks and unfinished folders belong to processes that are at work on them.
    if (!entry.isFile() || parts.some((part) => /^\.|\.unfinished-/.test(part))) continue
    mkdirSync(join(target, ...parts.slice(0, -1)), { recursive: true })
    try {
      linkSync(path, join(target, ...parts))
    } catch {
      copyFileSync(path, join(target, ...parts)) // on another disk
    }
  }
}

function find(name: string, place: string): RealModel {
  const asked = process.env.PARADOX_TEST_MODELS
  const folder = asked ? join(asked, name) : join(cacheFolder(), place, name)
  return existsSync(join(folder, 'model.bin')) ? { folder, skip: false } : absent(`the real weights of ${name}`)
}

function absent(what: string): RealModel {
  return { folder: '', skip: skipped('data', `${what} are not on this machine; run "make test", which fetches them`) }
}

// ── what is made of them ────────────────────────────────────────────────────────────────────────────────────────────

interface Recipe {
  readonly tensors: Record<string, LazyTensor>
  readonly config: Record<string, unknown>
}

/** Raised when a recipe changes, so that what an older one made is not taken for it. */
const RECIPE_VERSION = 1

async function build(
  name: string,
  base: RealModel,
  recipe: (source: { tensors: TensorSource; config: CheckpointConfig }) => Recipe,
): Promise<RealModel> {
  const folder = join(cacheFolder(), 'test-models', `${name}-${RECIPE_VERSION}`)
  if (existsSync(folder)) return { folder, skip: false }
  mkdirSync(dirname(folder), { recursive: true })
  const unfinished = mkdtempSync(`${folder}.`)
  try {
    using source = await openCheckpoint(base.folder)
    const { tensors, config } = recipe(source)
    writeSafetensors(join(unfinished, 'model.safetensors'), tensors)
    writeJson(join(unfinished, 'config.json'), config)
    const { suppressTokens, beginSuppressTokens, alignmentHeads } = source.generation
    writeJson(join(unfinished, 'generation_config.json'), {
      is_multilingual: true,
      suppress_tokens: suppressTokens,
      begin_suppress_tokens: beginSuppressTokens,
      alignment_heads: alignmentHeads,
    })
    copyFileSync(join(base.folder, 'tokenizer.json'), join(unfinished, 'tokenizer.json'))
    // Test files run in parallel: whoever comes second finds a whole folder and drops its own.
    if (!existsSync(folder)) renameSync(unfinished, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return { folder, skip: false }
}

/** As float16, which is what the sources are stored in, so nothing is lost. */
function pick(source: TensorSource, rename: (name: string) => string | undefined): Record<string, LazyTensor> {
  const picked: Record<string, LazyTensor> = {}
  for (const name of source.names()) {
    const newName = rename(name)
    const data = () => source.read(name)
    if (newName !== undefined) picked[`model.${newName}`] = { dtype: 'F16', shape: source.shape(name), data }
  }
  return picked
}

function withPrefix(tensors: Readonly<Record<string, LazyTensor>>): Record<string, LazyTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`model.${name}`, tensor]))
}
