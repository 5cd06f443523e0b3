/** A checkpoint → a folder of ONNX graphs and one file of weights beside them. */

import { closeSync, fsyncSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Checkpoint } from '../checkpoint/index.ts'
import type { WeightSink } from './builder.ts'
import { alignmentHeadsOf, buildDecoder } from './decoder.ts'
import { buildEncoder, type EncoderGraphOptions } from './encoder.ts'
import type { LinearFormat } from './layers.ts'

/** Raise it whenever the same checkpoint would compile to other graphs. */
export const COMPILER_VERSION = 5

export const ENCODER_FILE = 'encoder.onnx'
export const DECODER_FILE = 'decoder.onnx'
const WEIGHTS_FILE = 'weights.bin'

/** The runtime maps weights from page borders at best, and vector loads want at least this. */
const ALIGNMENT = 64

export interface CompileOptions extends EncoderGraphOptions {
  /** Of the decoder's linear layers, the vocabulary's projection included; the encoder's are float32. */
  readonly decoderFormat?: LinearFormat
}

/**
 * Compiles `checkpoint` into `folder`, which must exist and be empty. One tensor is in memory at a time.
 *
 * @throws the file system's own error when a file cannot be written; the folder is then not usable.
 */
export function compile(checkpoint: Checkpoint, folder: string, options: CompileOptions = {}): void {
  using weights = new WeightFile(join(folder, WEIGHTS_FILE), WEIGHTS_FILE)
  const encoder = buildEncoder(checkpoint.config, checkpoint.tensors, weights, options)
  const decoder = buildDecoder(checkpoint.config, checkpoint.tensors, weights, {
    alignmentHeads: alignmentHeadsOf(checkpoint.config, checkpoint.generation.alignmentHeads),
    linearFormat: options.decoderFormat ?? 'float32',
  })
  writeFileSync(join(folder, ENCODER_FILE), encoder, { flush: true })
  writeFileSync(join(folder, DECODER_FILE), decoder, { flush: true })
}

class WeightFile implements WeightSink, Disposable {
  readonly fileName: string
  readonly #fd: number
  #offset = 0

  constructor(path: string, fileName: string) {
    this.fileName = fileName
    this.#fd = openSync(path, 'wx')
  }

  append(bytes: Uint8Array): { offset: number; length: number } {
    const offset = Math.ceil(this.#offset / ALIGNMENT) * ALIGNMENT
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done)
    }
    this.#offset = offset + bytes.length
    return { offset, length: bytes.length }
  }

  [Symbol.dispose](): void {
    try {
      fsyncSync(this.#fd)
    } finally {
      closeSync(this.#fd)
    }
  }
}
