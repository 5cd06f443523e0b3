/** From what the user names (files, folders, patterns, `-`) to the recordings that are meant. */

import { type Stats, statSync } from 'node:fs'
import { basename, extname, isAbsolute, join, relative, resolve } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { type AsrError, InputAbsentError, OptionInvalidError } from '../../errors/index.ts'

/** The name of standard input. */
export const STDIN = '-'

/** One recording, or a name behind which there is none. */
export interface Input {
  /** As the user named it, or as it was found below what the user named. */
  readonly file: string
  /** Absolute path; undefined for standard input. */
  readonly path: string | undefined
  /** Where its outputs go below --output-dir, without their ending: `2024/talk`. */
  readonly stem: string
  /** Why nothing can be done for it; undefined for a recording. */
  readonly failure?: AsrError | undefined
}

/**
 * In the order of the names; what is found in a folder or by a pattern in natural order (`2` before `10`). A file that
 * several of them find is taken once.
 *
 * @throws {OptionInvalidError} when standard input is named twice.
 */
export async function findInputs(
  names: readonly string[],
  { recursive }: { readonly recursive: boolean },
): Promise<Input[]> {
  const named = new Set(names.map((name) => resolve(name)))
  const found = new Set<string>()
  const inputs: Input[] = []
  for (const name of names) {
    const group = await inputsOf(name, recursive)
    for (const input of group) {
      const isFound = input.file !== name && input.path !== undefined
      // A file that is also named by itself comes at its own place, under its own name.
      if (isFound && (found.has(input.path) || named.has(input.path))) continue
      if (isFound) found.add(input.path)
      inputs.push(input)
    }
  }
  if (inputs.filter(isStandardInput).length > 1) {
    throw new OptionInvalidError('file', STDIN, '- for standard input once')
  }
  return inputs
}

export function isStandardInput({ path, failure }: Input): boolean {
  return path === undefined && failure === undefined
}

async function inputsOf(name: string, recursive: boolean): Promise<Input[]> {
  if (name === STDIN) return [{ file: STDIN, path: undefined, stem: 'stdin' }]
  const stats = statsOf(name)
  if (stats?.isDirectory()) return recursive ? await filesInFolder(name) : [folderFailure(name)]
  // A file whose name happens to be a pattern, such as `take[1].wav`, is that file.
  if (stats === undefined && isDynamicPattern(name)) return await matchesOf(name)
  return [fileInput(name, basename(name))]
}

function statsOf(name: string): Stats | undefined {
  try {
    return statSync(name, { throwIfNoEntry: false })
  } catch {
    return undefined // opening it will say why
  }
}

function folderFailure(name: string): Input {
  return absent(name, `'${basename(resolve(name))}' is a folder.`, 'Add --recursive to transcribe what is in it.')
}

async function filesInFolder(folder: string): Promise<Input[]> {
  const names = (await glob('**/*', { cwd: folder, onlyFiles: true, dot: false, expandDirectories: false })).filter(
    looksLikeMedia,
  )
  if (names.length === 0) {
    return [
      absent(folder, 'The folder holds no recording.', 'Name files of other endings by themselves, or by a pattern.'),
    ]
  }
  return naturally(names).map((name) => fileInput(join(folder, name), name))
}

async function matchesOf(pattern: string): Promise<Input[]> {
  const names = await glob(pattern, {
    onlyFiles: true,
    dot: false,
    expandDirectories: false,
    absolute: isAbsolute(pattern),
  })
  if (names.length === 0) {
    return [absent(pattern, 'Nothing matches this pattern.', 'Correct it, or the folder in which the command runs.')]
  }
  const base = fixedPart(pattern)
  return naturally(names).map((name) => fileInput(name, relative(base, name)))
}

/** The folder in which a pattern begins to be one: `recordings` of `recordings/**\/*.wav`. */
function fixedPart(pattern: string): string {
  const parts = pattern.split('/')
  const first = parts.findIndex((part) => isDynamicPattern(part))
  return parts.slice(0, Math.max(0, first)).join('/') || (pattern.startsWith('/') ? '/' : '.')
}

function fileInput(file: string, stemmed: string): Input {
  const stem = stemmed.slice(0, stemmed.length - extname(stemmed).length)
  return { file, path: resolve(file), stem }
}

function absent(file: string, what: string, remedy: string): Input {
  return { file, path: undefined, stem: '', failure: new InputAbsentError(what, remedy) }
}

const collator = new Intl.Collator('en', { numeric: true })

function naturally(names: readonly string[]): string[] {
  return [...names].sort((a, b) => collator.compare(a, b) || (a < b ? -1 : 1))
}

/** Names that a folder is searched for. A file that is named is tried whatever its name is. */
const EXTENSIONS = new Set(
  (
    '3ga 3gp 3gpp aac ac3 adts aif aifc aiff amr ape asf au avi caf eac3 f4a f4v flac flv gsm m2ts m4a m4b m4p m4v mka mkv ' +
    'mov mp2 mp3 mp4 mpeg mpg mpga mts mxf oga ogg ogv opus ra rm snd spx ts vob w64 wav wave weba webm wma wmv wv'
  ).split(' '),
)

/** True for names that audio and video files usually have. */
export function looksLikeMedia(name: string): boolean {
  return EXTENSIONS.has(extname(name).slice(1).toLowerCase())
}
