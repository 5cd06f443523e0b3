/** Keeps the compiled cache within its bounds: what may go, in which order, and what a running engine still uses. */

import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { COMPILER_VERSION } from '../../compiler/format.ts'
import { makeFolderSync } from '../../folders.ts'
import { isAlive, ownIdentity } from '../../processes/process-identity.ts'
import { type CompiledManifest, compiledRoot, discard, isUnfinished, MANIFEST_FILE, readManifest } from './cache.ts'

/** A lock that has not been touched for so long belongs to a process that was killed; its owner does every 5 s. */
const LOCK_STALE_MS = 15_000
const KEY = /^[0-9a-f]{32}/

export interface CachedModel {
  /** Name of its folder. */
  readonly key: string
  readonly folder: string
  /** undefined: no manifest, so it is unfinished, damaged, or of a version before there were manifests. */
  readonly manifest: CompiledManifest | undefined
  readonly bytes: number
  readonly lastUsed: Date
  /** A running engine has loaded it, or a running compilation writes it. */
  readonly isInUse: boolean
}

export type PruneReason = 'unfinished' | 'other version' | 'other machine' | 'over the size limit' | 'all'

export interface Pruned extends CachedModel {
  readonly reason: PruneReason
}

export interface PruneOptions {
  readonly cacheDir: string
  /** What graphs must be prepared for to be of use here; undefined leaves those of other machines, which may share the folder. */
  readonly machine: string | undefined
  /** Of all models together; the ones that were not used for the longest time go first. */
  readonly maxBytes: number
  /** Also whole models of this version and machine. */
  readonly all?: boolean
  /** Also what a newer version has compiled, which may be about to take over. */
  readonly newerVersions?: boolean
  readonly dryRun?: boolean
}

/** What is in the cache, in no particular order. */
export function listCompiled(cacheDir: string): CachedModel[] {
  const root = compiledRoot(cacheDir)
  const used = keysInUse(root)
  return namesIn(root)
    .filter((name) => KEY.test(name))
    .map((name) => {
      const folder = join(root, name)
      const manifest = manifestOf(folder)
      const dated = statSync(manifest ? join(folder, MANIFEST_FILE) : folder, { throwIfNoEntry: false })
      return {
        key: name,
        folder,
        manifest,
        bytes: bytesIn(folder),
        lastUsed: dated?.mtime ?? new Date(0),
        isInUse: isUnfinished(name) ? isLocked(root, name.slice(0, 32)) : used.has(name),
      }
    })
}

/** Removes what the options say, except what is in use; returns what was, or with `dryRun` would be, removed. */
export function pruneCompiled(options: PruneOptions): Pruned[] {
  const models = listCompiled(options.cacheDir)
  const free = models.filter((model) => !model.isInUse)
  const pruned: Pruned[] = []
  for (const model of free) {
    const reason = uselessness(model, options)
    if (reason) pruned.push({ ...model, reason })
  }
  const gone = new Set(pruned.map(({ key }) => key))
  let bytes = models.reduce((sum, model) => sum + (gone.has(model.key) ? 0 : model.bytes), 0)
  const byAge = free.filter(({ key }) => !gone.has(key)).sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime())
  for (const model of byAge) {
    if (bytes <= options.maxBytes) break
    bytes -= model.bytes
    pruned.push({ ...model, reason: 'over the size limit' })
  }
  if (!options.dryRun) for (const { folder } of pruned) discard(folder)
  return pruned
}

/** Removes every compiled model of a checkpoint that is not in use; returns what was removed. */
export function removeCompiled(cacheDir: string, digest: string): CachedModel[] {
  const models = listCompiled(cacheDir).filter(({ manifest, isInUse }) => manifest?.digest === digest && !isInUse)
  for (const { folder } of models) discard(folder)
  return models
}

function uselessness(
  { key, manifest }: CachedModel,
  { machine, all, newerVersions }: PruneOptions,
): PruneReason | undefined {
  if (isUnfinished(key)) return 'unfinished'
  if (manifest === undefined || manifest.compiler < COMPILER_VERSION) return 'other version'
  if (newerVersions && manifest.compiler > COMPILER_VERSION) return 'other version'
  if (machine !== undefined && manifest.machine !== null && manifest.machine !== machine) return 'other machine'
  return all ? 'all' : undefined
}

/**
 * Notes that this process uses the model, until it ends. Only keeps `pruneCompiled` from it: a mapped file that is
 * removed serves on, but the next load would have to compile. Where the cache may not be written, it is not pruned.
 */
export function markInUse(folder: string): void {
  const path = join(dirname(folder), '.in-use', `${basename(folder)}.${ownIdentity()}`)
  try {
    utimesSync(join(folder, MANIFEST_FILE), new Date(), new Date())
    makeFolderSync(dirname(path))
    writeFileSync(path, '')
    if (marks.size === 0) process.once('exit', removeMarks)
    marks.add(path)
  } catch {
    // read-only
  }
}

const marks = new Set<string>()

function removeMarks(): void {
  for (const path of marks) rmSync(path, { force: true })
}

/** Keys that processes of this machine have marked; marks of those that were killed are removed. */
function keysInUse(root: string): Set<string> {
  const keys = new Set<string>()
  for (const name of namesIn(join(root, '.in-use'))) {
    const [key = '', process = ''] = name.split('.')
    if (isAlive(process)) keys.add(key)
    else rmSync(join(root, '.in-use', name), { force: true })
  }
  return keys
}

function isLocked(root: string, key: string): boolean {
  const touched = statSync(join(root, '.locks', key), { throwIfNoEntry: false })?.mtimeMs
  return touched !== undefined && Date.now() - touched < LOCK_STALE_MS
}

function manifestOf(folder: string): CompiledManifest | undefined {
  try {
    return readManifest(folder) as CompiledManifest // another version's has the same first fields
  } catch {
    return undefined
  }
}

function bytesIn(folder: string): number {
  let bytes = 0
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    bytes += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0
  }
  return bytes
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // nothing has been compiled yet
  }
}
