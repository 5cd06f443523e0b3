/** The hub's token, from the same places as Python's huggingface_hub has it. */

import { readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ConfigError } from './errors/index.ts'

export interface HubToken {
  readonly token: string | undefined
  /** For sentences about a token that the hub does not take: a variable, or the program that wrote it. */
  readonly tokenSource: string | undefined
}

/** A token has some forty characters. */
const LARGEST_FILE_BYTES = 4096
const TOKEN = /^[\x21-\x7e]+$/

/**
 * The token of the environment, else of the file `pathFromEnvironment`, else of the one that `hf auth login` has left.
 * Only a file that was named has to be of use, and even that one may be missing.
 *
 * @param fromEnvironment  undefined or blank for none, and the variable that it stood in.
 * @throws {ConfigError} where `pathFromEnvironment` is there and cannot be read, or holds anything but a token.
 * @see huggingface/huggingface_hub:src/huggingface_hub/utils/_auth.py `get_token` — the same order.
 */
export function hubToken(
  fromEnvironment: { readonly token: string | undefined; readonly variable: string },
  pathFromEnvironment: string | undefined,
  hfHome: string,
): HubToken {
  if (fromEnvironment.token) return { token: fromEnvironment.token, tokenSource: fromEnvironment.variable }
  if (pathFromEnvironment !== undefined) {
    const token = tokenInFile(pathFromEnvironment, () => {
      throw new ConfigError('HF_TOKEN_PATH', basename(pathFromEnvironment), 'a file that holds a token and can be read')
    })
    return { token, tokenSource: token && 'HF_TOKEN_PATH' }
  }
  const token = tokenInFile(join(hfHome, 'token'), () => undefined)
  return { token, tokenSource: token && "'hf auth login'" }
}

/** Without line breaks and blanks around it, which come from editors and from `echo`. */
export function cleanToken(text: string): string {
  return text.replace(/[\r\n]/g, '').trim()
}

function tokenInFile(path: string, otherwise: () => undefined): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return undefined
    if (!stats.isFile() || stats.size > LARGEST_FILE_BYTES) return otherwise()
    const token = cleanToken(readFileSync(path, 'utf8'))
    return token === '' || TOKEN.test(token) ? token || undefined : otherwise()
  } catch {
    return otherwise()
  }
}
