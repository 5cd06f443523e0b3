/** One file from the hub into the cache: resumed where an earlier attempt ended, checked, then put in place. */

import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import type { Wait } from '../async/backoff.ts'
import { CheckpointCorruptError, isDiskFull } from '../errors/index.ts'
import { hasContentOf } from './content-hash.ts'
import type { RepoFile } from './hub-client.ts'
import type { HubAnswer } from './hub-request.ts'
import { PassingFailure, retrying } from './retry.ts'

/** Connections in a row that bring no byte. With pauses of 0.5, 1, 2 and 4 s a router may restart meanwhile. */
const ATTEMPTS = 5

export interface BlobDownload {
  readonly file: RepoFile
  readonly blobPath: string
  /** Asks for the file from a byte on. */
  readonly openFrom: (offset: number, signal: AbortSignal) => Promise<HubAnswer>
  readonly onBytes: (fileBytes: number) => void
  readonly wait: Wait
}

const PARTIAL = '.paradox.incomplete'

/** Where a blob is while it arrives. */
export function partialPath(blobPath: string): string {
  return `${blobPath}${PARTIAL}`
}

/** Whether a name in the folder of blobs is that of an unfinished download of ours. */
export function isPartial(name: string): boolean {
  return name.endsWith(PARTIAL)
}

/**
 * Puts the file to `blobPath`, complete and with the right contents, or throws.
 *
 * The bytes that have arrived stay in a file beside it when the process dies or the network goes, and the next call goes on from
 * there. Its name differs from the `<etag>.incomplete` of Python's huggingface_hub: both may download the same file at
 * once, and Python's lock (flock) cannot be taken from Node.
 *
 * @throws {CheckpointCorruptError} when the contents are wrong although they were fetched afresh.
 * @throws {AsrError} what the hub answered; file system errors are thrown as they are.
 */
export async function downloadBlob(download: BlobDownload, signal: AbortSignal): Promise<void> {
  const { file, blobPath, wait } = download
  const partial = partialPath(blobPath)
  try {
    const startedFresh = (await sizeOf(partial)) === undefined
    await fetchWhole(download, partial, { wait, signal })
    if (await hasContentOf(file.etag, partial, file.size, signal)) return await putInPlace(partial, blobPath)

    // The fault may lie in what an earlier process left behind, so it is tried once more from nothing.
    await rm(partial, { force: true })
    if (!startedFresh) {
      await fetchWhole(download, partial, { wait, signal })
      if (await hasContentOf(file.etag, partial, file.size, signal)) return await putInPlace(partial, blobPath)
      await rm(partial, { force: true })
    }
    throw new CheckpointCorruptError(file.name, 'what the hub sent has another checksum than it announced')
  } catch (error) {
    if (isDiskFull(error)) await rm(partial, { force: true }) // others on this machine need the space more
    throw error
  }
}

async function fetchWhole(
  { file, openFrom, onBytes }: BlobDownload,
  partialPath: string,
  { wait, signal }: { wait: Wait; signal: AbortSignal },
): Promise<void> {
  // Neither truncated nor append-only: each byte is written at its own place, so that two processes that both got
  // here in spite of the lock write the same bytes to the same places.
  const partial = await open(partialPath, constants.O_RDWR | constants.O_CREAT, 0o644)
  try {
    if ((await partial.stat()).size > file.size) await partial.truncate(0)
    await retrying(() => fetchRest(partial), { attempts: ATTEMPTS, wait, signal })
    await partial.datasync() // the blob's name promises its contents, even after a power failure
  } finally {
    await partial.close()
  }

  async function fetchRest(partial: FileHandle): Promise<void> {
    const offset = (await partial.stat()).size
    onBytes(offset)
    if (offset === file.size) return
    const { response, chunks } = await openFrom(offset, signal)
    const start = startOf(response)
    if (start === undefined || start > offset) {
      await response.body?.cancel()
      throw new CheckpointCorruptError(file.name, 'the hub sends another range than was asked for')
    }

    let position = start
    try {
      for await (const chunk of chunks) {
        if (position + chunk.length > file.size) throw tooLong(file)
        await writeAll(partial, chunk, position)
        position += chunk.length
        onBytes(position)
      }
    } catch (error) {
      throw error instanceof PassingFailure ? cutShort(error, position > offset) : error
    }
    if (position < file.size) throw cutShort(undefined, position > offset)
  }

  function cutShort(error: PassingFailure | undefined, hasProgressed: boolean): PassingFailure {
    const final = error?.final ?? new CheckpointCorruptError(file.name, 'the hub sends fewer bytes than it announced')
    return new PassingFailure(final, { hasProgressed })
  }
}

/** A server that knows no ranges answers 200 and starts over. */
function startOf(response: Response): number | undefined {
  if (response.status !== 206) return 0
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
  return start === undefined ? undefined : Number(start)
}

function tooLong(file: RepoFile): CheckpointCorruptError {
  return new CheckpointCorruptError(file.name, 'the hub sends more bytes than it announced')
}

async function writeAll(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await file.write(chunk, done, chunk.length - done, position + done)).bytesWritten
  }
}

async function putInPlace(partialPath: string, blobPath: string): Promise<void> {
  try {
    await rename(partialPath, blobPath)
  } catch (error) {
    // Another process was faster with the same contents.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || (await sizeOf(blobPath)) === undefined) throw error
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
