/** Records the microphone. */

export type RecorderFailure = 'denied' | 'missing' | 'insecure' | 'unsupported' | 'failed'

export class RecorderError extends Error {
  override readonly name = 'RecorderError'
  readonly failure: RecorderFailure

  constructor(failure: RecorderFailure, options?: ErrorOptions) {
    super(failure, options)
    this.failure = failure
  }
}

/**
 * In the order in which they are tried; the service reads all of them. Ogg before WebM, of which Firefox records both
 * and can look for a place in its own Ogg alone.
 */
const TYPES = [
  ['audio/ogg;codecs=opus', 'ogg'],
  ['audio/webm;codecs=opus', 'webm'],
  ['audio/mp4', 'm4a'],
] as const

/** So much is lost at most should the page end in the middle. */
const PIECE_MS = 1_000

const FAILURES: Readonly<Record<string, RecorderFailure>> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
}

export interface Recorded {
  readonly sound: Blob
  /** It has ended though nobody stopped it, as when the microphone is unplugged. */
  readonly isByItself: boolean
}

export class Recorder {
  /** Of the file, without its dot. */
  readonly ending: string
  readonly #stream: MediaStream
  readonly #recorder: MediaRecorder
  readonly #context = new AudioContext()
  readonly #analyser: AnalyserNode
  readonly #samples: Float32Array<ArrayBuffer>
  #startedAt = performance.now()
  #isStopped = false

  private constructor(stream: MediaStream, type: string, ending: string) {
    this.#stream = stream
    this.ending = ending
    this.#recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: 96_000 })
    this.#analyser = new AnalyserNode(this.#context, { fftSize: 1024 })
    this.#samples = new Float32Array(this.#analyser.fftSize)
    this.#context.createMediaStreamSource(stream).connect(this.#analyser)
  }

  /** @throws {RecorderError} when there is no microphone for this page. */
  static async open(): Promise<Recorder> {
    if (!window.isSecureContext) throw new RecorderError('insecure')
    const found = TYPES.find(([type]) => globalThis.MediaRecorder?.isTypeSupported(type))
    if (navigator.mediaDevices === undefined || found === undefined) throw new RecorderError('unsupported')
    let stream: MediaStream | undefined
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true })
      return new Recorder(stream, found[0], found[1])
    } catch (cause) {
      for (const track of stream?.getTracks() ?? []) track.stop()
      throw new RecorderError(FAILURES[(cause as DOMException).name] ?? 'failed', { cause })
    }
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  /** How loud it is now, 0 to 1, on a scale of loudness: 0 is 60 dB below the loudest. */
  get level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples)
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length
    return power === 0 ? 0 : Math.max(0, Math.min(1, 1 + (10 * Math.log10(power)) / 60))
  }

  /**
   * Records until it is stopped or ends by itself.
   *
   * @param onPiece  called for each second of sound, and for the rest at the end.
   */
  record(onPiece: (piece: Blob) => void): Promise<Recorded> {
    const { promise, resolve } = Promise.withResolvers<Recorded>()
    const pieces: Blob[] = []
    const type = this.#recorder.mimeType.split(';', 1)[0]! // split gives at least one part
    this.#recorder.addEventListener('dataavailable', ({ data }) => {
      if (data.size === 0) return
      const piece = data.slice(0, data.size, type)
      pieces.push(piece)
      onPiece(piece)
    })
    // Comes last, whatever ended it: `stop()`, a microphone that is gone, or an error of the recorder.
    this.#recorder.addEventListener('stop', () => {
      this.close()
      resolve({ sound: new Blob(pieces, { type }), isByItself: !this.#isStopped })
    })
    this.#recorder.addEventListener('error', () => this.#end())
    for (const track of this.#stream.getTracks()) track.addEventListener('ended', () => this.#end())
    this.#startedAt = performance.now()
    this.#recorder.start(PIECE_MS)
    return promise
  }

  stop(): void {
    this.#isStopped = true
    this.#end()
  }

  /** Gives the microphone back. */
  close(): void {
    for (const track of this.#stream.getTracks()) track.stop()
    void this.#context.close().catch(() => {}) // it may be closed already
  }

  #end(): void {
    if (this.#recorder.state !== 'inactive') this.#recorder.stop()
  }
}
