/** WAV files that need no decoder: to start ffmpeg for one costs more than all else that is done with a short clip. */

import { type FileHandle, open } from 'node:fs/promises'
import { endianness } from 'node:os'
import { AudioUnreadableError } from '../errors/index.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import type { ChannelLayout } from './channels.ts'
import { samplesOfPcm } from './pcm.ts'
import { readWavLayout, type WavLayout } from './wav-layout.ts'

/** Read at a time, about a second: as many samples as the speech detection hears at once. */
const CHUNK_FRAMES = 16_384

/** An open file; its opener disposes of it. */
export class PlainWav implements AsyncDisposable {
  readonly #file: FileHandle
  readonly #layout: WavLayout

  private constructor(file: FileHandle, layout: WavLayout) {
    this.#file = file
    this.#layout = layout
  }

  /** @returns undefined for any other file, also for one that cannot be opened: ffmpeg has the word for that. */
  static async open(path: string): Promise<PlainWav | undefined> {
    if (endianness() !== 'LE') return undefined // samples are read where they lie
    const file = await open(path).catch(() => undefined)
    try {
      const layout = file && (await readWavLayout(file))
      if (file && layout) return new PlainWav(file, layout)
    } catch {
      // A file that cannot be read is ffmpeg's too.
    }
    await file?.close()
    return undefined
  }

  get durationSeconds(): number {
    return this.#layout.nFrames / SAMPLE_RATE
  }

  /** Of one channel or two, which are what their number says. */
  get layout(): ChannelLayout {
    return { nChannels: this.#layout.nChannels, speakers: 0 }
  }

  /**
   * @returns chunks of [N × channels] samples at 16 kHz, interleaved and finite, N > 0, owned by the caller.
   * @throws {AudioUnreadableError} when the file has become shorter since it was opened.
   * @throws the signal's reason after an abort.
   */
  async *samples(signal: AbortSignal | undefined): AsyncGenerator<Float32Array, void, undefined> {
    const { encoding, bytesPerFrame, dataStart, nFrames } = this.#layout
    for (let frame = 0; frame < nFrames; frame += CHUNK_FRAMES) {
      signal?.throwIfAborted()
      const bytes = new Uint8Array(Math.min(CHUNK_FRAMES, nFrames - frame) * bytesPerFrame)
      const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, dataStart + frame * bytesPerFrame)
      if (bytesRead < bytes.length) throw new AudioUnreadableError('it became shorter while it was read')
      yield samplesOfPcm(bytes, encoding)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}
