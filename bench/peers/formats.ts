/** The same weights in the format of each peer, converted once and kept under our cache. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { writeGgmlFile } from './ggml-file.ts'
import { writeHuggingFaceFolder } from './hugging-face-folder.ts'

export type Format = 'ctranslate2' | 'hugging-face' | 'openvino-int8' | 'openvino-fp32' | 'ggml-f16' | 'ggml-q8_0'

export interface FormatSource {
  /** A CTranslate2 folder, which is faster-whisper's own format. */
  readonly checkpoint: string
  /** Where conversions are kept, one folder or file for each format. */
  readonly folder: string
  /** Of the peers' environment. */
  readonly python: string
}

/** Path of the weights in this format; conversions take up to a minute the first time. */
export async function weightsAs(format: Format, source: FormatSource): Promise<string> {
  if (format === 'ctranslate2') return source.checkpoint
  const target = join(source.folder, format)
  if (existsSync(target)) return target
  const hub = format.startsWith('openvino') ? await weightsAs('hugging-face', source) : ''
  process.stderr.write(`converting to ${format} …\n`)
  mkdirSync(source.folder, { recursive: true })
  const unfinished = `${target}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  if (format.startsWith('openvino')) exportToOpenVino(source.python, hub, format.replace('openvino-', ''), unfinished)
  else await convert(format, source.checkpoint, unfinished)
  renameSync(unfinished, target)
  return target
}

async function convert(format: Format, checkpointFolder: string, target: string): Promise<void> {
  using checkpoint = await openCheckpoint(checkpointFolder)
  if (format === 'hugging-face') writeHuggingFaceFolder(target, checkpoint)
  else writeGgmlFile(target, checkpoint, format === 'ggml-f16' ? 'f16' : 'q8_0')
}

/** What OpenVINO's documents tell users to run; its tokenizer is converted by the way. */
export function exportToOpenVino(python: string, model: string, weights: string, target: string): void {
  const task = ['--task', 'automatic-speech-recognition-with-past']
  execFileSync(
    join(python, '..', 'optimum-cli'),
    ['export', 'openvino', '--model', model, ...task, '--weight-format', weights, target],
    { stdio: ['ignore', 'ignore', 2], env: { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_VERBOSITY: 'error' } },
  )
}
