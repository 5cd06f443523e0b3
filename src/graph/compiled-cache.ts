/**
 * Where compiled graphs are kept between runs: one folder per checkpoint, precision and compiler version. The runtime
 * accepts weights only from the folder of the graph itself, so the graphs cannot stay beside the checkpoint.
 */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Checkpoint } from '../checkpoint/index.ts'
import { DiskFullError, isDiskFull } from '../errors.ts'
import { COMPILER_VERSION, type CompileOptions, compile } from './compile.ts'

export interface CompiledCacheOptions extends CompileOptions {
  /** The program's own cache; graphs go into its `compiled/`. */
  readonly cacheDir: string
}

/** A folder that a killed compiler left behind is swept once it is older than any compilation takes. */
const ABANDONED_AFTER_MS = 6 * 3600_000

/**
 * The folder with the compiled graphs of `checkpoint`, compiling them where no earlier run has.
 *
 * Compiles into a folder of its own name and renames it when it is whole, so that neither a kill in the middle nor
 * two processes at once can leave half a model: of two, the slower one throws its copy away.
 *
 * @throws {DiskFullError} when there is no room.
 */
export function compiledFolder(checkpoint: Checkpoint, options: CompiledCacheOptions): string {
  const folder = join(options.cacheDir, 'compiled', cacheKey(checkpoint, options))
  if (existsSync(folder)) return folder
  mkdirSync(dirname(folder), { recursive: true })
  sweepAbandoned(dirname(folder))

  const unfinished = mkdtempSync(`${folder}.unfinished-`)
  try {
    compile(checkpoint, unfinished, options)
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    if (isDiskFull(error)) throw new DiskFullError('the compiled model', { cause: error })
    if (!existsSync(folder)) throw error // otherwise another process was faster, and its copy serves as well
  }
  return folder
}

function cacheKey(checkpoint: Checkpoint, options: CompiledCacheOptions): string {
  const { encoderFormat = 'float32', decoderFormat = 'float32', exposeIntermediates = false } = options
  const parts = [COMPILER_VERSION, encoderFormat, decoderFormat, exposeIntermediates, checkpoint.digest]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

function sweepAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.includes('.unfinished-')) continue
    const path = join(folder, name)
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age > ABANDONED_AFTER_MS) rmSync(path, { recursive: true, force: true })
  }
}
