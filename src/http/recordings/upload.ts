/** Reads a form with a recording as it arrives: the recording goes to a temporary file, never into memory. */

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { BusboyFileStream } from '@fastify/busboy'
import { WAV_HEADER_BYTES, wavHeader } from '../../audio/index.ts'
import { DiskFullError, isDiskFull, UploadMissingError, UploadTooLargeError } from '../../errors/index.ts'
import { FormFields } from './form-fields.ts'
import { type FormListener, parseForm } from './form-parser.ts'
import type { TempFile, TempFiles } from './temp-files.ts'
import { isTooLarge, type UploadLimits, watchUpload } from './upload-watch.ts'

export interface UploadRules extends UploadLimits {
  readonly tempFiles: TempFiles
  /** Names of the part that is the recording; the first is what callers are told. */
  readonly fileParts: readonly [string, ...string[]]
  /** The recording is 16-bit little-endian mono samples at 16 kHz and nothing else; it is kept as a WAV file. */
  readonly isRawPcm?: boolean
  /** Names of the fields that are read; others are thrown away. */
  readonly fieldNames: Iterable<string>
  /** Given the fields so far, where the first file begins; what it throws refuses the upload at once. */
  readonly checkFields: (fields: FormFields) => void
  /** Whether the caller will ask for the recording's digest. */
  readonly withDigest?: boolean
}

/** A form received in full; disposing of it deletes the recording. */
export interface Upload extends AsyncDisposable {
  readonly path: string
  /** As the client has it; any text. */
  readonly fileName: string
  readonly bytes: number
  readonly fields: FormFields
  /** SHA-256 of the recording; empty unless it was asked for. */
  readonly digest: string
}

interface SavedFile {
  readonly file: TempFile
  readonly fileName: string
  /** Resolves to the number of bytes once all of them are on the disk. */
  readonly written: Promise<number>
}

/**
 * Receives the form. Of repeated parts the last counts, unknown ones are ignored, and the order is free. Where the first
 * file begins, the fields before it are checked, so that a wrong one does not cost the caller a whole upload; checking
 * all of them is the caller's part.
 *
 * After a failure the rest of the request is unread: the code that answers it decides about that.
 *
 * @throws {UploadMissingError} when there is no named file, or no multipart form that can be read to its end.
 * @throws {FormTooLargeError} for more parts, files or bytes of fields than a form may have.
 * @throws {UploadTooLargeError} before reading when the announced length says so, else as soon as the count passes.
 * @throws {UploadStalledError} when no data, or hardly any, comes for too long.
 * @throws {DiskFullError} when the temporary file cannot be written.
 * @throws what `checkFields` throws, and the signal's reason after an abort.
 */
export async function receiveUpload(
  request: IncomingMessage,
  rules: UploadRules,
  signal: AbortSignal,
): Promise<Upload> {
  if (isTooLarge(request, rules.maxBytes)) throw new UploadTooLargeError(rules.maxBytes)
  const missing = (cause?: unknown) =>
    new UploadMissingError(rules.fileParts[0], cause === undefined ? undefined : { cause })
  await rules.tempFiles.ensureFolder()
  signal.throwIfAborted()

  const { promise: parsed, resolve: onEnd, reject: fail } = Promise.withResolvers<void>()
  const fields = new FormFields(rules.fieldNames)
  // The same bytes are another recording where they are samples.
  const hash = createHash('sha256').update(rules.isRawPcm ? 'raw' : '')
  const files: SavedFile[] = []
  let chosen: SavedFile | undefined
  const stopSaving = new AbortController()

  function onFile(name: string, stream: BusboyFileStream, fileName: string): void {
    stream.on('error', () => {}) // a form cut short: the parser reports the same, and that is enough
    stream.on('limit', () => fail(new UploadTooLargeError(rules.maxBytes)))
    const isRecording = rules.fileParts.includes(name)
    if (isRecording) chosen = undefined
    if (!isRecording || fileName === '') {
      stream.resume()
      return
    }
    if (files.length === 0) rules.checkFields(fields)
    if (rules.withDigest) stream.on('data', (bytes: Buffer) => hash.update(bytes))
    chosen = save(stream, fileName, rules, stopSaving.signal)
    chosen.written.catch(fail)
    files.push(chosen)
  }

  const disposeFiles = async () => {
    await Promise.allSettled(files.map(({ written }) => written))
    await Promise.all(files.map(({ file }) => file[Symbol.asyncDispose]()))
  }

  const listener: FormListener = {
    onField: (name, value) => fields.add(name, value),
    onFile,
    onEnd,
    onFailure: fail,
    brokenForm: missing,
  }
  try {
    using reading = parseForm(request, { maxFileBytes: rules.maxBytes }, listener)
    using _watching = watchUpload(request, rules, signal, fail)
    await parsed
    if (!chosen) throw missing()
    const bytes = await (chosen as SavedFile).written // the cast: assigned in a callback, which the compiler cannot see
    reading[Symbol.dispose]()
    request.resume() // whatever follows the form's end is of no use, but must not block the connection
    return {
      path: (chosen as SavedFile).file.path,
      fileName: (chosen as SavedFile).fileName,
      bytes,
      fields,
      digest: rules.withDigest ? hash.digest('hex') : '',
      [Symbol.asyncDispose]: disposeFiles,
    }
  } catch (error) {
    stopSaving.abort(error)
    await disposeFiles()
    throw error
  }
}

function save(
  stream: BusboyFileStream,
  fileName: string,
  { tempFiles, isRawPcm = false }: UploadRules,
  signal: AbortSignal,
): SavedFile {
  const file = tempFiles.reserve(fileName)
  const write = async () => {
    const sink = createWriteStream(file.path, { flags: 'wx', mode: 0o600, start: isRawPcm ? WAV_HEADER_BYTES : 0 })
    await pipeline(stream, sink, { signal })
    if (isRawPcm) await writeWavHeader(file.path, sink.bytesWritten)
    return sink.bytesWritten
  }
  const written = write().catch((cause) => {
    throw isDiskFull(cause) ? new DiskFullError('the upload', { cause }) : cause
  })
  return { file, fileName, written }
}

/** Only now it is known how long the recording is. */
async function writeWavHeader(path: string, nBytes: number): Promise<void> {
  await using file = await open(path, 'r+')
  await file.write(wavHeader(nBytes), 0, WAV_HEADER_BYTES, 0)
}
