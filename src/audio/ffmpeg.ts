/** One run of ffmpeg: how it is started, read, limited in time and ended. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { EngineSettings } from '../config.ts'
import { AudioTimeoutError, FfmpegMissingError, ProcessLimitError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import { type Block, BlockReader } from './block-reader.ts'
import { type ChannelLayout, MONO } from './channels.ts'
import { CODEC_WHITELIST } from './codecs.ts'
import { type Description, describe, isDescribed, isOutputDescribed, outputSpeakers } from './description.ts'
import { FORMAT_WHITELIST } from './formats.ts'
import type { Part } from './part.ts'
import { BYTES_PER_SAMPLE, samplesOf } from './samples.ts'
import { ffmpegEnvironment, sandboxFor } from './sandbox.ts'
import type { TrackWish } from './tracks.ts'

/** Options of reading a file; the same record serves the probe and the decoder. */
export interface AudioOptions extends TrackWish {
  /** Name or path of the ffmpeg program. */
  readonly ffmpegPath: string
  /** False: without what `sandbox.ts` puts around it. */
  readonly isSandboxed?: boolean | undefined
  /**
   * ffmpeg may be silent for so long while we wait for it, and be so much slower in all than the recording is played. The
   * time in which we keep it waiting does not count.
   */
  readonly timeoutSeconds: number
  /** Longest recording that is accepted. */
  readonly maxSeconds: number
  /** Aborting kills ffmpeg at once. */
  readonly signal?: AbortSignal | undefined
  readonly logger?: Logger | undefined
  /** Told how long the recording is, in seconds, by its header or by ffmpeg's estimate, which may be wrong; not told where neither is known. */
  readonly onLength?: ((seconds: number) => void) | undefined
  /** Told, each in a sentence for the caller, what was not as the file promised, or had to be decided for it. */
  readonly onWarning?: ((warning: string) => void) | undefined
  /** All channels of the track in one, by default, or one of them, counted from 1. */
  readonly channel?: 'mix' | number | undefined
  /** The channel is one of several that are heard apart: all of them are raised or lowered by what the loudest needs. */
  readonly isOneOfAll?: boolean | undefined
  /** Told, before the first samples, which track is heard, counted from 1, and how many channels it has. */
  readonly onTrack?: ((found: { readonly track: number; readonly nChannels: number }) => void) | undefined
}

/** What concerns one recording. */
export type RecordingOptions = Pick<
  AudioOptions,
  'signal' | 'logger' | 'onLength' | 'onWarning' | 'track' | 'language' | 'channel' | 'isOneOfAll' | 'onTrack'
>

/** As the settings have it. */
export function audioOptions(
  {
    ffmpegPath,
    isFfmpegSandboxed,
    ffmpegTimeoutSeconds,
    maxAudioSeconds,
  }: Pick<EngineSettings, 'ffmpegPath' | 'isFfmpegSandboxed' | 'ffmpegTimeoutSeconds' | 'maxAudioSeconds'>,
  ofCall: RecordingOptions = {},
): AudioOptions {
  return {
    ffmpegPath,
    isSandboxed: isFfmpegSandboxed,
    timeoutSeconds: ffmpegTimeoutSeconds,
    maxSeconds: maxAudioSeconds,
    ...ofCall,
  }
}

/** ffmpeg complains once per broken packet; the end of it is what tells the cause. */
const STDERR_LIMIT = 8 * 1024

/** Titles and comments of a file stand before its description ends, and may be a book. */
const DESCRIPTION_LIMIT = 256 * 1024

/** A forged header may promise a block of any size; no real recording needs one allocation as large as this. */
const LARGEST_ALLOCATION_BYTES = 512 * 1024 * 1024

/** Of sound for each second of processor time; slow machines decode the costliest codecs at twenty. */
const SLOWEST_DECODING = 10

/** Added to all times, since Matroska cannot write one before 0. */
const CLOCK_OFFSET_SECONDS = 100_000

/**
 * The times of the file itself reach us, each block's with its samples. Without the first option ffmpeg would count from where
 * the sound begins, of some formats, and not from where a player does. Times that jump back by more than any jitter, as those
 * of recordings that were stuck together do, go on where they were; the rest is up to `timeline.ts`.
 */
const KEEP_TIMES = ['-copyts']
const STEP_BACK = 'PTS-PREV_INPTS-ld(1)' // register 1: length of the packet before; 0: what is added to all times from now on
const WRITE_TIMES = [
  ...['-bsf:a', `setts=ts='st(0,ld(0)-if(N,if(lt(${STEP_BACK},-0.06/TB),${STEP_BACK},0),0));st(1,DURATION);PTS+ld(0)'`],
  ...['-output_ts_offset', String(CLOCK_OFFSET_SECONDS), '-f', 'matroska'],
]

export interface FfmpegExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last 8 kB of what ffmpeg said, each line with its level in front. It may name the file: for the log only. */
  readonly stderr: string
}

/** What is read of a file. */
export interface FfmpegRun {
  /** Audio track, from 0. */
  readonly track?: number
  /** Further limits of the output, such as `-frames:a 1`. */
  readonly outputArgs?: readonly string[]
  /** Of the file, where it is not read as a whole. */
  readonly part?: Part | undefined
}

/** Arguments that turn an audio stream of `path` into 16 kHz float32 with its times, of all its channels, on standard output. */
function ffmpegArguments(path: string, { track = 0, outputArgs = [], part }: FfmpegRun): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info'],
    ...['-max_alloc', String(LARGEST_ALLOCATION_BYTES)],
    ...['-format_whitelist', FORMAT_WHITELIST, '-codec_whitelist', CODEC_WHITELIST],
    // Six channels that nobody has placed are taken for six microphones, not for a cinema's loudspeakers.
    ...['-guess_layout_max', '2'],
    ...[...KEEP_TIMES, '-threads', '1', '-vn', '-sn', '-dn', ...inputArguments(path, part)],
    ...['-map', `0:a:${track}`, '-vn', '-sn', '-dn', '-threads', '1', ...outputArgs],
    // Channels are mixed in mix.ts. ffmpeg does it only where their number changes on the way: into float32 stereo as
    // 0.71 L + 0.71 R, which overshoots by up to 3 dB; a largest weight of 1 asks for 0.5 L + 0.5 R.
    ...['-af', 'aresample=rematrix_maxval=1'],
    ...['-ar', String(SAMPLE_RATE), '-c:a', 'pcm_f32le', ...WRITE_TIMES, 'pipe:1'],
  ]
}

/** The prefix `file:` keeps a name from being taken for an option or an address. */
function inputArguments(path: string, part: Part | undefined): string[] {
  if (!part) return ['-protocol_whitelist', 'file', '-i', `file:${path}`]
  const { format, start, end, isLongerThanPromised } = part
  return [
    ...['-protocol_whitelist', 'file,subfile', '-f', format, ...(isLongerThanPromised ? ['-ignore_length', '1'] : [])],
    ...['-i', `subfile,,start,${start},end,${end},,:file:${path}`],
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
  readonly #reader = new BlockReader()
  readonly #described = Promise.withResolvers<Description>()
  readonly #speakers = Promise.withResolvers<number>()
  #stderr = ''
  #givenSeconds = 0
  #waitedSeconds = 0

  private constructor(child: Child, options: AudioOptions) {
    this.#child = child
    this.#options = options
    this.#exited = new Promise((resolve) => child.once('exit', resolve))
    this.#closed = new Promise((resolve) => child.once('close', resolve))
    let said: string | undefined = ''
    const setOutput = () => {
      this.#described.resolve(describe(said ?? ''))
      this.#speakers.resolve(outputSpeakers(said ?? ''))
      said = undefined
    }
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => {
        this.#stderr = withoutRefusedDecoders(this.#stderr + text).slice(-STDERR_LIMIT)
        if (said === undefined) return
        said += text
        if (isDescribed(said)) this.#described.resolve(describe(said))
        if (isOutputDescribed(said) || said.length > DESCRIPTION_LIMIT) setOutput()
      })
      .once('close', setOutput)
  }

  /**
   * Reads `path`, as `ffmpegArguments` say.
   *
   * @throws {FfmpegMissingError} when the program is not there, or is none.
   * @throws {ProcessLimitError} when the system starts no further process.
   * @throws the signal's reason when it has been aborted.
   */
  static async start(path: string, options: AudioOptions, run: FfmpegRun = {}): Promise<Ffmpeg> {
    options.signal?.throwIfAborted()
    try {
      const child = await spawnFfmpeg(path, options, run)
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

  /** Waits for what ffmpeg says of the file, before its first output, of which nothing is lost. Throws what `blocks` throws. */
  async description(): Promise<Description> {
    return await this.#withinTimeout(this.#described.promise)
  }

  /** Channels of the output, once the first block has come. */
  get nChannels(): number {
    return this.#reader.nChannels
  }

  /** The same, with their loudspeakers. Throws what `blocks` throws. */
  async layout(): Promise<ChannelLayout> {
    const { nChannels } = this.#reader
    return nChannels === 1 ? MONO : { nChannels, speakers: await this.#withinTimeout(this.#speakers.promise) }
  }

  /**
   * Blocks of samples of all channels, as many at a time as have come; their times are those of the file. ffmpeg stops as soon as
   * the pipe is full, so a slow consumer costs no memory.
   *
   * @throws {AudioTimeoutError} when nothing, or too little, came while the consumer waited.
   * @throws the signal's reason after an abort.
   */
  async *blocks(): AsyncGenerator<Block[], void, undefined> {
    const chunks = this.#child.stdout[Symbol.asyncIterator]() as AsyncIterator<Uint8Array> // no encoding was set
    for (;;) {
      const next = await this.#withinTimeout(chunks.next())
      if (next.done) return
      const blocks = this.#reader.push(next.value)
      this.#givenSeconds += next.value.length / (SAMPLE_RATE * BYTES_PER_SAMPLE * this.#reader.nChannels)
      yield blocks.map(({ seconds, bytes }) => ({ seconds: seconds - CLOCK_OFFSET_SECONDS, bytes }))
    }
  }

  /** The same without times: [N × channels] finite samples, interleaved. Throws what `blocks` throws. */
  async *output(): AsyncGenerator<Float32Array, void, undefined> {
    for await (const blocks of this.blocks()) for (const { bytes } of blocks) yield samplesOf([bytes])
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

  /**
   * Counts only while the consumer waits, so that it may take its time. What ffmpeg has given buys it time, or one that
   * gives a little every now and then would never end.
   */
  async #withinTimeout<T>(pending: Promise<T>): Promise<T> {
    const { timeoutSeconds, signal } = this.#options
    const seconds = Math.min(timeoutSeconds, timeoutSeconds + this.#givenSeconds - this.#waitedSeconds)
    const began = performance.now()
    let timer: NodeJS.Timeout | undefined
    const stalled = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new AudioTimeoutError(timeoutSeconds)), seconds * 1000)
    })
    try {
      return await Promise.race([pending, stalled])
    } finally {
      clearTimeout(timer)
      this.#waitedSeconds += (performance.now() - began) / 1000
      // An abort shows up as a pipe that broke off; the caller is to see the abort.
      signal?.throwIfAborted()
    }
  }
}

/** Decoders of pictures are refused by intent, in two lines each that hold the whole list. */
function withoutRefusedDecoders(stderr: string): string {
  return stderr.replace(/^.*\[error\] Codec \([^)]*\) not on whitelist .*\n/gm, '')
}

async function spawnFfmpeg(path: string, options: AudioOptions, run: FfmpegRun): Promise<Child> {
  const args = ffmpegArguments(path, run)
  const cpuSeconds = options.timeoutSeconds + options.maxSeconds / SLOWEST_DECODING
  const [program, all] =
    options.isSandboxed === false
      ? [options.ffmpegPath, args]
      : (await sandboxFor(options.ffmpegPath)).command(path, args, { cpuSeconds })
  return spawn(program, all, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A signal to our process group, such as Ctrl-C, is not for it: the request goes on.
    detached: true,
    env: ffmpegEnvironment(),
    signal: options.signal,
    killSignal: 'SIGKILL', // ffmpeg answers a polite signal only between two packets
  })
}
