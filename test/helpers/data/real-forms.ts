/**
 * The two named models in the form in which they stand on the hub, small: same files, same types, same shards, same
 * silences, with Whisper base's words inside. A tool that lies beside this repository writes them; what it knows of the
 * real files stands there too.
 */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FileOnDisk } from '../fakes/hub-server.ts'
import { pythonWith } from '../judges/python-environment.ts'
import { skipped } from '../skip.ts'
import { baseFolder, cacheFolder, SHARED_FOLDER } from './real-models.ts'

/** `processor`: the repository whose tokenizer `lite_asr` borrows. */
export const REAL_FORMS = ['lite_asr', 'freds0', 'processor'] as const
export type RealForm = (typeof REAL_FORMS)[number]

/** Where each of them stands. */
export const REPOSITORY_OF: Readonly<Record<RealForm, string>> = {
  lite_asr: 'efficient-speech/lite-whisper-large-v3-acc',
  freds0: 'freds0/distil-whisper-large-v3-ptbr',
  processor: 'openai/whisper-large-v3',
}

const TOOL = join(SHARED_FOLDER, 'tools/real-form.py')

/** For node:test's `skip`. */
export function realFormsMissing(): string | false {
  if (!existsSync(TOOL)) return skipped('data', 'the tool that writes the named models, ../shared/tools, is absent')
  return baseFolder().skip
}

/** Folder of one of them; written by the first who asks. It belongs to all tests: read, never write. */
export async function realForm(name: RealForm): Promise<string> {
  const version = createHash('sha256').update(readFileSync(TOOL)).digest('hex').slice(0, 12)
  const folder = join(cacheFolder(), 'test-models/real-forms', `${name}-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(dirname(folder), { recursive: true })
  const unfinished = mkdtempSync(`${folder}.`)
  try {
    execFileSync(pythonWithNumpy(), [TOOL, name, unfinished, '--base', baseFolder().folder], { stdio: 'pipe' })
    // Test files run in parallel: whoever comes second drops its own.
    if (!existsSync(folder)) renameSync(unfinished, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}

/** The whole file list of a folder for `startHubServer`, large files on the disk. */
export async function repositoryOf(folder: string): Promise<Record<string, FileOnDisk | Uint8Array>> {
  const files: Record<string, FileOnDisk | Uint8Array> = {}
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const isLarge = statSync(path).size > 1_000_000
    files[name] = isLarge ? { path, sha256: await rememberedHash(path) } : readFileSync(path)
  }
  return files
}

/** Hashing gigabytes takes seconds, so it is done once for each file. */
async function rememberedHash(path: string): Promise<string> {
  const place = join(cacheFolder(), 'test-models/real-forms/hashes')
  const { size, mtimeMs } = statSync(path)
  const key = createHash('sha256')
    .update(JSON.stringify([path, size, mtimeMs]))
    .digest('hex')
  const known = join(place, key)
  if (existsSync(known)) return readFileSync(known, 'utf8')
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 22 }), hash)
  const sha256 = hash.digest('hex')
  mkdirSync(place, { recursive: true })
  const unfinished = `${known}.${process.pid}`
  writeFileSync(unfinished, sha256)
  renameSync(unfinished, known)
  return sha256
}

/** The machine's Python where that has numpy, else one in an environment of the cache. */
function pythonWithNumpy(): string {
  try {
    execFileSync('python3', ['-c', 'import numpy'], { stdio: 'ignore' })
    return 'python3'
  } catch {
    return pythonWith(join(cacheFolder(), 'test-models/python-numpy'), ['numpy==2.4.6'])
  }
}
