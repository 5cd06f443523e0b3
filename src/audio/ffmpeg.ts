/** One run of ffmpeg: how it is started, read, limited in time and ended. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { EngineSettings } from '../config.ts'
import { AudioTimeoutError, FfmpegMissingError, ProcessLimitError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import { FORMAT_WHITELIST } from './formats.ts'

/** Options of reading a file; the same record serves the probe and the decoder. */
export interface AudioOptions {
  /** Name or path of the ffmpeg program. */
  readonly ffmpegPath: string
  /** ffmpeg may be silent for so long while we wait for it; the time in which we keep it waiting does not count. */
  readonly timeoutSeconds: number
  /** Longest recording that is accepted. */
  readonly maxSeconds: number
  /** Aborting kills ffmpeg at once. */
  readonly signal?: AbortSignal | undefined
  readonly logger?: Logger | undefined
}

/** As the settings have it. */
export function audioOptions(
  {
    ffmpegPath,
    ffmpegTimeoutSeconds,
    maxAudioSeconds,
  }: Pick<EngineSettings, 'ffmpegPath' | 'ffmpegTimeoutSeconds' | 'maxAudioSeconds'>,
  ofCall: Pick<AudioOptions, 'signal' | 'logger'> = {},
): AudioOptions {
  return { ffmpegPath, timeoutSeconds: ffmpegTimeoutSeconds, maxSeconds: maxAudioSeconds, ...ofCall }
}

/** ffmpeg complains once per broken packet; the end of it is what tells the cause. */
const STDERR_LIMIT = 8 * 1024

/** A forged header may promise a block of any size; no real recording needs one allocation as large as this. */
const LARGEST_ALLOCATION_BYTES = 512 * 1024 * 1024

export interface FfmpegExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last 8 kB of what ffmpeg said, each line with its level in front. It may name the file: for the log only. */
  readonly stderr: string
}

/**
 * Arguments that turn the first audio stream of `path` into 16 kHz mono float32 on standard output.
 *
 * @param outputArgs  further limits of the output, such as `-frames:a 1`.
 */
export function ffmpegArguments(path: string, outputArgs: readonly string[] = []): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info'],
    ...['-max_alloc', String(LARGEST_ALLOCATION_BYTES)],
    // The prefix `file:` keeps a name from being taken for an option or an address.
    ...['-protocol_whitelist', 'file', '-format_whitelist', FORMAT_WHITELIST],
    ...['-threads', '1', '-vn', '-sn', '-dn', '-i', `file:${path}`],
    ...['-map', '0:a:0', '-vn', '-sn', '-dn', '-threads', '1', ...outputArgs],
    // Into float32 ffmpeg mixes stereo as 0.71 L + 0.71 R, which overshoots by up to 3 dB; into 16 bits, as everybody
    // who feeds Whisper does it, as 0.5 L + 0.5 R. A largest weight of 1 asks for the latter.
    ...['-af', 'aresample=rematrix_maxval=1'],
    ...['-ac', '1', '-ar', String(SAMPLE_RATE), '-c:a', 'pcm_f32le', '-f', 'f32le', 'pipe:1'],
  ]
}

type Child = ChildProcessByStdio<null, Readable, Readable>

/** The system's codes for want of open files, of processes and of memory. */
const NO_MORE_PROCESSES = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'])

/** A running ffmpeg; its starter disposes of it, which kills it if it still runs and waits for its end. */
export class Ffmpeg implements AsyncDisposable {
  readonly #child: Child
  readonly #options: AudioOptions
  readonly #exited: Promise<unknown>
  readonly #closed: Promise<unknown>
  #stderr = ''
  #announcedSeconds: number | undefined

  private constructor(child: Child, options: AudioOptions) {
    this.#child = child
    this.#options = options
    this.#exited = new Promise((resolve) => child.once('exit', resolve))
    this.#closed = new Promise((resolve) => child.once('close', resolve))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_LIMIT)
      this.#announcedSeconds ??= durationIn(this.#stderr)
    })
  }

  /**
   * @throws {FfmpegMissingError} when the program is not there, or is none.
   * @throws {ProcessLimitError} when the system starts no further process.
   * @throws the signal's reason when it has been aborted.
   */
  static async start(args: readonly string[], options: AudioOptions): Promise<Ffmpeg> {
    options.signal?.throwIfAborted()
    try {
      const child = spawnFfmpeg(args, options)
      // An abort emits 'error' at any time, and without a listener that would end our own process.
      child.on('error', () => child.kill('SIGKILL'))
      await once(child, 'spawn')
      return new Ffmpeg(child, options)
    } catch (cause) {
      options.signal?.throwIfAborted()
      const { code = '' } = cause as NodeJS.ErrnoException
      throw NO_MORE_PROCESSES.has(code) ? new ProcessLimitError(code, { cause }) : new FfmpegMissingError({ cause })
    }
  }

  /**
   * ffmpeg's output, chunk by chunk. ffmpeg stops as soon as the pipe is full, so a slow consumer costs no memory.
   *
   * @throws {AudioTimeoutError} when nothing came for too long while the consumer waited.
   * @throws the signal's reason after an abort.
   */
  async *output(): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = this.#child.stdout[Symbol.asyncIterator]() as AsyncIterator<Uint8Array> // no encoding was set
    for (;;) {
      const next = await this.#withinTimeout(chunks.next())
      if (next.done) return
      yield next.value
    }
  }

  /**
   * Length of the file by its header, or ffmpeg's estimate; it may be wrong. undefined where neither is known, or not yet:
   * ffmpeg says it before its first output, but on another pipe.
   */
  get announcedSeconds(): number | undefined {
    return this.#announcedSeconds
  }

  /** Waits for the end; the output must have been read before. Throws what `output` throws. */
  async exit(): Promise<FfmpegExit> {
    await this.#withinTimeout(this.#closed)
    return { code: this.#child.exitCode, signal: this.#child.signalCode, stderr: this.#stderr }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
    await this.#exited
  }

  /** Counts only while the consumer waits, so that it may take its time. */
  async #withinTimeout<T>(pending: Promise<T>): Promise<T> {
    const { timeoutSeconds, signal } = this.#options
    let timer: NodeJS.Timeout | undefined
    const stalled = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new AudioTimeoutError(timeoutSeconds)), timeoutSeconds * 1000)
    })
    try {
      return await Promise.race([pending, stalled])
    } finally {
      clearTimeout(timer)
      // An abort shows up as a pipe that broke off; the caller is to see the abort.
      signal?.throwIfAborted()
    }
  }
}

function durationIn(stderr: string): number | undefined {
  // From the start of the line, since a title of the file's own may say anything.
  const match = /^\[info\] +Duration: (\d+):(\d{2}):(\d{2}(?:\.\d+)?)/m.exec(stderr)
  return match ? Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]) : undefined
}

function spawnFfmpeg(args: readonly string[], options: AudioOptions): Child {
  return spawn(options.ffmpegPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A signal to our process group, such as Ctrl-C, is not for it: the request goes on.
    detached: true,
    env: ffmpegEnvironment(),
    signal: options.signal,
    killSignal: 'SIGKILL', // ffmpeg answers a polite signal only between two packets
  })
}

/** Enough to find the program and its libraries; neither tokens nor FFREPORT, which would make it write files. */
function ffmpegEnvironment(): NodeJS.ProcessEnv {
  const passed = ['PATH', 'HOME', 'LD_LIBRARY_PATH']
  return Object.fromEntries(passed.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}
