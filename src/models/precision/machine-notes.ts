/** What was measured on this machine: JSON files beside the compiled models, an entry for each key. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolderSync } from '../../folders.ts'
import { compiledRoot } from '../compiled/cache.ts'

/** `formats`: times of the formats of linear layers. `speeds`: of whole models. */
type Notes = 'formats' | 'speeds'

/** Undefined where there is none, or none that can be read. */
export function readNote(cacheDir: string, notes: Notes, key: string): unknown {
  return read(fileOf(cacheDir, notes))[key]
}

/** Of two processes that keep one at the same time, one is lost. @throws the file system's error. */
export function keepNote(cacheDir: string, notes: Notes, key: string, value: unknown): void {
  const file = fileOf(cacheDir, notes)
  const unfinished = `${file}.${process.pid}`
  makeFolderSync(compiledRoot(cacheDir))
  writeFileSync(unfinished, `${JSON.stringify({ ...read(file), [key]: value }, undefined, 2)}\n`)
  renameSync(unfinished, file)
}

function fileOf(cacheDir: string, notes: Notes): string {
  return join(compiledRoot(cacheDir), `${notes}.json`)
}

function read(file: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
