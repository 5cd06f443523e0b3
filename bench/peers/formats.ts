/** The same weights in the format of each peer, converted once and kept under our cache. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { writeGgmlFile } from './ggml-file.ts'
import { writeHuggingFaceFolder } from './hugging-face-folder.ts'

export type Format = 'ctranslate2' | 'hugging-face' | 'openvino-int8' | 'openvino-fp32' | 'ggml-f16' | 'ggml-q8_0'

export interface FormatSource {
  /** A folder that we read. */
  readonly checkpoint: string
  /** Where conversions are kept, one folder or file for each format. */
  readonly folder: string
  /** Of the peers' environment. */
  readonly python: string
}

/** Path of the weights in this format; conversions take up to a minute the first time. */
export async function weightsAs(format: Format, source: FormatSource): Promise<string> {
  if (format === 'ctranslate2' && existsSync(join(source.checkpoint, 'model.bin'))) return source.checkpoint
  const target = join(source.folder, format)
  if (existsSync(target)) return target
  const isOwn = format === 'hugging-face' || format.startsWith('ggml')
  const hub = isOwn ? '' : await weightsAs('hugging-face', source)
  process.stderr.write(`converting to ${format} …\n`)
  mkdirSync(source.folder, { recursive: true })
  const unfinished = `${target}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  if (isOwn) await convert(format, source.checkpoint, unfinished)
  else if (format === 'ctranslate2') convertToCtranslate2(source.python, hub, unfinished)
  else exportToOpenVino(source.python, hub, format.replace('openvino-', ''), unfinished)
  renameSync(unfinished, target)
  return target
}

async function convert(format: Format, checkpointFolder: string, target: string): Promise<void> {
  using checkpoint = await openCheckpoint(checkpointFolder)
  if (format === 'hugging-face')
    writeHuggingFaceFolder(target, checkpoint, checkpoint.config.dModel >= 1280 ? 'F16' : 'F32')
  else writeGgmlFile(target, checkpoint, format === 'ggml-f16' ? 'f16' : 'q8_0')
}

/** What OpenVINO's documents tell users to run; its tokenizer is converted by the way. */
function exportToOpenVino(python: string, model: string, weights: string, target: string): void {
  const task = ['--task', 'automatic-speech-recognition-with-past']
  runTool(python, 'optimum-cli', ['export', 'openvino', '--model', model, ...task, '--weight-format', weights, target])
}

/** What faster-whisper's documents tell users to run; the weights in 8 bits, as its int8 would make them at each load. */
function convertToCtranslate2(python: string, model: string, target: string): void {
  const precision = ['--quantization', 'int8', '--low_cpu_mem_usage']
  runTool(python, 'ct2-transformers-converter', ['--model', model, ...precision, '--output_dir', target])
}

/** A command of the peers' environment. */
function runTool(python: string, tool: string, words: readonly string[]): void {
  execFileSync(join(python, '..', tool), words, {
    stdio: ['ignore', 'ignore', 2],
    env: { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_VERBOSITY: 'error' },
  })
}
