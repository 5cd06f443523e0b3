/** Keys of the API as the operator sets them: in variables, and in files that other programs do not see in a list of processes. */

import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { ConfigError } from './errors/index.ts'

/** What a key may look like: a header carries it, and a comma stands between several. */
export const API_KEY = /^[\x21-\x7e]{8,}$/

/** Sixteen random characters cannot be guessed over a network. */
const SAFE_LENGTH = 16
/** Thousands of keys. */
const LARGEST_FILE_BYTES = 1024 ** 2

export function digestsOf(keys: readonly string[]): Buffer[] {
  return keys.map((key) => createHash('sha256').update(key).digest())
}

/** Whether it could be guessed sooner or later. */
export function isShort(key: string): boolean {
  return key.length < SAFE_LENGTH
}

/**
 * The keys in a file: one a line, without lines that are blank or begin with `#`.
 *
 * @throws {ConfigError} where it cannot be read, or holds no key, or anything else; neither its path nor its text is told.
 */
export function keysInFile(setting: string, path: string | undefined): readonly string[] {
  if (path === undefined) return []
  const keys = linesOf(path)
  if (keys.length > 0 && keys.every((key) => API_KEY.test(key))) return keys
  throw new ConfigError(setting, '…', 'a file that can be read, with a key of at least 8 printable characters a line')
}

function linesOf(path: string): readonly string[] {
  try {
    if (statSync(path).size > LARGEST_FILE_BYTES) return []
    const lines = readFileSync(path, 'utf8')
      .replace(/^\uFEFF/, '')
      .split('\n')
    return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  } catch {
    return []
  }
}
