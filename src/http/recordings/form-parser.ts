/** The parser of forms, with limits on what a form may be made of. */

import type { IncomingMessage } from 'node:http'
import { Transform } from 'node:stream'
import { Busboy, type BusboyFileStream, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy'
import { FormTooLargeError } from '../../errors/index.ts'
import { MAX_FIELD_BYTES } from './form-fields.ts'

/** As many as Starlette allows; a form of ours has some forty, or a list of 1000 items. */
const MAX_PARTS = 1000
/** One is the recording. Each that bears its name becomes a file on the disk. */
const MAX_FILES = 8
/** Of the head of a part, which has three headers; a longer file name is cut. */
const MAX_HEAD_BYTES = 16 * 1024
const MAX_HEADERS = 32

/**
 * The parser works off all that it is given at once, the parts of a form that has been refused included: some 13,000 fit
 * into the 64 kB that a socket gives at a time, and take 200 ms.
 */
const PIECE_BYTES = 8 * 1024

export interface FormListener {
  /** What it throws ends the reading, as the other failures do. */
  readonly onField: (name: string, value: string) => void
  /** Likewise. */
  readonly onFile: (name: string, stream: BusboyFileStream, fileName: string) => void
  readonly onEnd: () => void
  /** The form has more than it may, or one of the above has thrown. Nothing is read any more. */
  readonly onFailure: (error: unknown) => void
  /** @returns what is thrown, or given to `onFailure`, for what is no form, or breaks off. */
  readonly brokenForm: (cause: unknown) => Error
}

export interface FormLimits {
  /** Of each file. */
  readonly maxFileBytes: number
}

/**
 * Reads a form from a request until it is disposed of; the rest of the request is unread then.
 *
 * @throws what `brokenForm` makes, for a content type that is no form, or has no boundary that can be used.
 */
export function parseForm(request: IncomingMessage, limits: FormLimits, listener: FormListener): Disposable {
  const parser = openParser(request, limits, listener)
  const pieces = inPieces()
  let isOver = false
  const stop = () => {
    isOver = true
    request.unpipe(pieces)
    pieces.unpipe(parser)
  }
  const fail = (error: unknown) => {
    if (isOver) return
    stop()
    listener.onFailure(error)
  }
  /** What is thrown from a listener would end the process. */
  const guarded = (work: () => void) => {
    if (isOver) return
    try {
      work()
    } catch (error) {
      fail(error)
    }
  }
  // A part may have no name. What is cut off is marked, which makes it longer than all fields together may be.
  parser.on('field', (name = '', value, _isNameCut, isCut) => {
    guarded(() => listener.onField(name, isCut ? `${value}…` : value))
  })
  parser.on('file', (name = '', stream, fileName) => guarded(() => listener.onFile(name, stream, fileName)))
  parser.on('partsLimit', () => fail(new FormTooLargeError(`${MAX_PARTS} parts`)))
  parser.on('filesLimit', () => fail(new FormTooLargeError(`${MAX_FILES} files`)))
  parser.on('error', (cause) => fail(listener.brokenForm(cause)))
  parser.on('finish', listener.onEnd)
  request.pipe(pieces).pipe(parser)
  return { [Symbol.dispose]: stop }
}

function openParser(request: IncomingMessage, limits: FormLimits, { brokenForm }: FormListener): BusboyInstance {
  try {
    return new Busboy({
      headers: request.headers as BusboyHeaders, // it refuses a missing content-type itself
      // A part is a file when it has a file name, even an empty one, whatever its content type: as in Starlette.
      isPartAFile: (_name, _type, fileName) => fileName !== undefined,
      preservePath: true,
      limits: {
        fieldSize: MAX_FIELD_BYTES,
        fileSize: limits.maxFileBytes,
        parts: MAX_PARTS,
        files: MAX_FILES,
        headerSize: MAX_HEAD_BYTES,
        headerPairs: MAX_HEADERS,
      },
    })
  } catch (cause) {
    throw brokenForm(cause)
  }
}

function inPieces(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) this.push(chunk.subarray(at, at + PIECE_BYTES))
      done()
    },
  })
}
