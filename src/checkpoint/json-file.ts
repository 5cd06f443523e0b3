/** The small JSON files beside the weights. */

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointCorruptError, CheckpointFileMissingError } from '../errors/index.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/**
 * A file far beyond the largest of its name is not what that says, and would cost seconds and gigabytes to parse. Real ones:
 * vocabularies of all kinds 2.5 MB, an index of shards 0.2 MB, configs 10 kB, tokenizer_config.json 0.3 MB.
 */
const MAX_VOCABULARY_BYTES = 16 * 1024 * 1024
const MAX_CONFIG_BYTES = 2 * 1024 * 1024
const VOCABULARIES = ['tokenizer.json', 'vocab.json', 'vocabulary.json', 'vocabulary.txt', 'merges.txt']

/**
 * The file's text, or undefined when there is no such file.
 *
 * @throws {CheckpointCorruptError} when it cannot be read or is absurdly large.
 */
export async function readTextFile(folder: string, name: string): Promise<string | undefined> {
  try {
    await using file = await open(join(folder, name))
    const { size } = await file.stat()
    const maxBytes = VOCABULARIES.includes(name) ? MAX_VOCABULARY_BYTES : MAX_CONFIG_BYTES
    if (size > maxBytes) throw new CheckpointCorruptError(name, `${size} bytes are too many for this file`)
    return await file.readFile('utf8')
  } catch (cause) {
    if (isNotFound(cause)) return undefined
    if (cause instanceof CheckpointCorruptError) throw cause
    throw new CheckpointCorruptError(name, 'it cannot be read', { cause })
  }
}

/**
 * The file's value, or undefined when there is no such file.
 *
 * @throws {CheckpointCorruptError} when it is not JSON.
 */
export async function readJsonFile(folder: string, name: string): Promise<unknown> {
  const text = await readTextFile(folder, name)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CheckpointCorruptError(name, 'it is not JSON', { cause })
  }
}

/** As `readJsonFile`, for a file that must hold an object. */
export async function readJsonObject(folder: string, name: string): Promise<JsonObject | undefined> {
  const value = await readJsonFile(folder, name)
  if (value === undefined || isJsonObject(value)) return value
  throw new CheckpointCorruptError(name, 'it does not hold a JSON object')
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As `readJsonObject`, for a file without which there is no checkpoint. */
export async function requireJsonObject(folder: string, name: string, remedy: string): Promise<JsonObject> {
  const value = await readJsonObject(folder, name)
  if (value === undefined) throw new CheckpointFileMissingError(`the file '${name}'`, remedy)
  return value
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
