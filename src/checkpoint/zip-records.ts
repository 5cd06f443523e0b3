/**
 * The records of a zip archive, as PyTorch writes them: stored as they are, so that each is a part of the file.
 *
 * @see APPNOTE.TXT of PKWARE, 4.3 — local headers, central directory, and the ends of 32 and 64 bits.
 * @see pytorch/pytorch:caffe2/serialize/inline_container.cc — what writes them.
 */

import { CheckpointCorruptError } from '../errors/index.ts'
import type { WeightFile } from './weight-file.ts'

export interface ZipRecord {
  readonly name: string
  /** Where its bytes begin in the file. */
  readonly offset: number
  readonly size: number
}

const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 }
const DIRECTORY_ENTRY = { signature: 0x02014b50, bytes: 46 }
const END = { signature: 0x06054b50, bytes: 22 }
const LOCATOR_64 = { signature: 0x07064b50, bytes: 20 }
const END_64 = { signature: 0x06064b50, bytes: 56 }
const MAX_COMMENT_BYTES = 0xffff
/** In a field of 32 bits: the value stands in one of 64. */
const IN_64_BITS = 0xffffffff
const EXTRA_64 = 1

/** large-v3 has 1,300 records, whose directory takes 0.1 MB. */
const MAX_RECORDS = 20_000
const MAX_DIRECTORY_BYTES = 8 * 1024 * 1024

/** Whether the file begins as an archive does. */
export function isZip(file: WeightFile): boolean {
  return file.size >= 4 && bytesAt(file, 0, 4).readUInt32LE() === LOCAL_HEADER.signature
}

/**
 * The records by name, in the order of the directory.
 *
 * @throws {CheckpointCorruptError} when the archive contradicts itself or the file's size, or has what PyTorch never writes:
 *         compressed records, records that share bytes, a name twice.
 */
export function readZipRecords(file: WeightFile): ReadonlyMap<string, ZipRecord> {
  const corrupt = (reason: string) => new CheckpointCorruptError(file.name, reason)
  const { count, offset: directoryStart, size: directorySize } = findDirectory(file)
  if (count > MAX_RECORDS) throw corrupt(`its directory has ${count} entries`)
  if (directorySize > MAX_DIRECTORY_BYTES) throw corrupt(`its directory would take ${directorySize} bytes`)
  if (directoryStart + directorySize > file.size) throw corrupt('its directory lies behind its end')

  const directory = bytesAt(file, directoryStart, directorySize)
  const records = new Map<string, ZipRecord>()
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + DIRECTORY_ENTRY.bytes > directory.length) throw corrupt('its directory is cut off')
    const entry = directory.subarray(at)
    if (entry.readUInt32LE() !== DIRECTORY_ENTRY.signature) throw corrupt('its directory is damaged')
    const [nameLength, extraLength, commentLength] = [
      entry.readUInt16LE(28),
      entry.readUInt16LE(30),
      entry.readUInt16LE(32),
    ]
    const length = DIRECTORY_ENTRY.bytes + nameLength + extraLength + commentLength
    if (length > entry.length) throw corrupt('its directory is cut off')
    const name = entry.toString('utf8', DIRECTORY_ENTRY.bytes, DIRECTORY_ENTRY.bytes + nameLength)
    const extra = entry.subarray(DIRECTORY_ENTRY.bytes + nameLength, DIRECTORY_ENTRY.bytes + nameLength + extraLength)
    const [size, stored, header] = wideFields(extra, [
      entry.readUInt32LE(24),
      entry.readUInt32LE(20),
      entry.readUInt32LE(42),
    ]).map((field) => safe(field, corrupt))
    const [flags, method] = [entry.readUInt16LE(8), entry.readUInt16LE(10)]
    if (method !== 0 || stored !== size || (flags & 1) !== 0) throw corrupt(`its record '${name}' is compressed`)
    if (records.has(name)) throw corrupt(`it has the record '${name}' twice`)
    records.set(name, { name, offset: dataOffset(file, header!, directoryStart, corrupt), size: size! })
    at += length
  }
  checkPlaces(records.values(), directoryStart, corrupt)
  return records
}

type Corrupt = (reason: string) => Error

interface Directory {
  readonly count: number
  readonly offset: number
  readonly size: number
}

/** By the end of the archive: the one of 64 bits where there is one. */
function findDirectory(file: WeightFile): Directory {
  const corrupt = (reason: string) => new CheckpointCorruptError(file.name, reason)
  const length = Math.min(file.size, END.bytes + MAX_COMMENT_BYTES)
  const tail = bytesAt(file, file.size - length, length)
  let at = tail.length - END.bytes
  while (at >= 0 && tail.readUInt32LE(at) !== END.signature) at--
  if (at < 0) throw corrupt('it is truncated: the end of its archive is missing')
  const end = tail.subarray(at)
  const plain = { count: end.readUInt16LE(10), size: end.readUInt32LE(12), offset: end.readUInt32LE(16) }

  const locatorAt = file.size - length + at - LOCATOR_64.bytes
  const locator = locatorAt >= 0 ? bytesAt(file, locatorAt, LOCATOR_64.bytes) : undefined
  if (locator?.readUInt32LE() !== LOCATOR_64.signature) return plain
  const wideAt = safe(locator.readBigUInt64LE(8), corrupt)
  if (wideAt + END_64.bytes > file.size) throw corrupt('the end of its archive lies behind its end')
  const wide = bytesAt(file, wideAt, END_64.bytes)
  if (wide.readUInt32LE() !== END_64.signature) throw corrupt('the end of its archive is damaged')
  return {
    count: safe(wide.readBigUInt64LE(32), corrupt),
    size: safe(wide.readBigUInt64LE(40), corrupt),
    offset: safe(wide.readBigUInt64LE(48), corrupt),
  }
}

/** Fields of 32 bits, each from the extra field of 64 bits where it says so; there they stand in the same order. */
function wideFields(extra: Buffer, fields: readonly number[]): bigint[] {
  let wide: Buffer = Buffer.alloc(0)
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === EXTRA_64) wide = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2))
  }
  let at = 0
  return fields.map((field) => {
    if (field !== IN_64_BITS || at + 8 > wide.length) return BigInt(field)
    at += 8
    return wide.readBigUInt64LE(at - 8)
  })
}

/** Of the local header only the length is needed. */
function dataOffset(file: WeightFile, headerStart: number, end: number, corrupt: Corrupt): number {
  if (headerStart + LOCAL_HEADER.bytes > end) throw corrupt('a record lies behind its records')
  const header = bytesAt(file, headerStart, LOCAL_HEADER.bytes)
  if (header.readUInt32LE() !== LOCAL_HEADER.signature) throw corrupt('the header of a record is damaged')
  return headerStart + LOCAL_HEADER.bytes + header.readUInt16LE(26) + header.readUInt16LE(28)
}

function checkPlaces(records: Iterable<ZipRecord>, end: number, corrupt: Corrupt): void {
  let free = 0
  for (const { name, offset, size } of [...records].sort((a, b) => a.offset - b.offset)) {
    if (offset < free) throw corrupt(`its record '${name}' overlaps another`)
    if (offset + size > end) throw corrupt(`its record '${name}' reaches beyond its records`)
    free = offset + size
  }
}

function safe(value: bigint, corrupt: Corrupt): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt('a number in its archive is too large')
  return Number(value)
}

function bytesAt(file: WeightFile, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  file.read(bytes, offset)
  return bytes
}
