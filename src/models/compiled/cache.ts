/**
 * Where compiled models are kept between runs: one folder for each checkpoint, precision, compiler version and machine
 * that it was prepared for. What lies in a folder says its manifest, which is written last.
 */

import { createHash } from 'node:crypto'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import type { CompileOptions } from '../../compiler/compile.ts'
import type { AlignmentHeads } from '../../compiler/decoder.ts'
import { COMPILER_VERSION, GRAPH_FILES, GRAPH_PARTS } from '../../compiler/format.ts'
import { makeFolderSync } from '../../folders.ts'

/** What makes two compiled models interchangeable. */
export interface CompiledIdentity {
  /** Of the checkpoint. */
  readonly digest: string
  /** They are part of the graphs, and may come from another checkpoint. */
  readonly alignmentHeads?: AlignmentHeads | undefined
  readonly options: CompileOptions
  /** The onnxruntime and CPU that the graphs are prepared for; undefined: any, as the compiler writes them. */
  readonly machine: string | undefined
}

/** The file of a folder that says what else is in it. Its time of change is that of the model's last load. */
export const MANIFEST_FILE = 'model.json'

const LARGEST_MANIFEST_BYTES = 64 * 1024
/** Of a graph without its weights. */
const LARGEST_GRAPH_BYTES = 512 * 1024 * 1024

const manifestSchema = z.object({
  /** Under which the model was first loaded; for people. */
  name: z.string(),
  compiler: z.int(),
  digest: z.string(),
  encoderFormat: z.string(),
  decoderFormat: z.string(),
  machine: z.string().nullable(),
  /** By plain name. Graphs, which are small, with a checksum of their contents. */
  files: z.record(
    z.string().regex(/^\w[\w.-]*$/),
    z.object({ bytes: z.int().nonnegative(), crc32: z.int().nonnegative().optional() }),
  ),
  /** What the model answers to a fixed input; null where the graphs are not for the CPU. */
  fingerprint: z.string().nullable(),
})

export type CompiledManifest = z.infer<typeof manifestSchema>

/** Made of the folder's own name, so that a sweep knows what a killed compiler has left. */
const UNFINISHED = '.unfinished-'

/** The compiled model is not what its manifest says, or has none that can be read. */
export class CompiledDamagedError extends Error {
  override readonly name = 'CompiledDamagedError'
}

export function compiledRoot(cacheDir: string): string {
  return join(cacheDir, 'compiled')
}

/** The folder of a compiled model, whether it is there or not. */
export function compiledFolder(
  cacheDir: string,
  { digest, alignmentHeads, options, machine }: CompiledIdentity,
): string {
  const { encoderFormat = 'float32', decoderFormat = 'float32', exposeIntermediates = false } = options
  const parts: unknown[] = [
    COMPILER_VERSION,
    encoderFormat,
    decoderFormat,
    exposeIntermediates,
    digest,
    machine ?? null,
    alignmentHeads ?? null,
  ]
  if (options.target === 'webgpu') parts.push(options.target)
  if (options.hasGenerate) parts.push('generate')
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
  return join(compiledRoot(cacheDir), key)
}

/**
 * The manifest of a compiled model whose files have the sizes, and whose graphs the contents, that it names. That finds
 * what is cut off or mixed up; weights that changed in place show by the fingerprint.
 *
 * @returns undefined when there is no such folder.
 * @throws {CompiledDamagedError} when it may not be used.
 */
export function readCompiled(folder: string): CompiledManifest | undefined {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return undefined
  try {
    const manifest = manifestSchema.parse(readManifest(folder))
    for (const [name, expected] of Object.entries(manifest.files)) {
      const path = join(folder, name)
      if (regularFileBytes(path) !== expected.bytes) throw new Error(`'${name}' has another size`)
      if (expected.crc32 === undefined) continue
      if (expected.bytes > LARGEST_GRAPH_BYTES) throw new Error(`'${name}' is larger than a graph`)
      if (crc32(readFileSync(path)) !== expected.crc32) throw new Error(`'${name}' has other contents`)
    }
    for (const part of GRAPH_PARTS) {
      if (manifest.files[GRAPH_FILES[part]]?.crc32 === undefined) throw new Error(`it has no ${part}`)
    }
    return manifest
  } catch (cause) {
    throw new CompiledDamagedError('the compiled model is not what its manifest says', { cause })
  }
}

/** What a manifest says, of whatever version it is. @throws {Error} when there is none that can be read. */
export function readManifest(folder: string): unknown {
  const path = join(folder, MANIFEST_FILE)
  if (regularFileBytes(path) > LARGEST_MANIFEST_BYTES) throw new Error('the manifest is too large')
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** Length of a file that can be read to its end: a pipe would keep the reader waiting, and a device has none. */
function regularFileBytes(path: string): number {
  const found = lstatSync(path)
  if (!found.isFile()) throw new Error(`'${basename(path)}' is no file`)
  return found.size
}

/**
 * A new empty folder to compile into, to be given to `publish` or removed. The caller holds the model's lock, so what
 * is there under such a name was left by a process that was killed.
 */
export function unfinishedFolder(folder: string): string {
  const root = dirname(folder)
  makeFolderSync(root)
  for (const name of readdirSync(root)) {
    if (name.startsWith(`${basename(folder)}${UNFINISHED}`)) rmSync(join(root, name), { recursive: true, force: true })
  }
  return mkdtempSync(`${folder}${UNFINISHED}`)
}

export function isUnfinished(name: string): boolean {
  return name.includes(UNFINISHED)
}

/**
 * Writes the manifest of the compiled model in `unfinished`.
 *
 * @throws the file system's own error.
 */
export function writeManifest(
  unfinished: string,
  { digest, options, machine }: CompiledIdentity,
  { name, fingerprint }: Pick<CompiledManifest, 'name' | 'fingerprint'>,
): CompiledManifest {
  const files: Record<string, { bytes: number; crc32?: number }> = {}
  for (const file of readdirSync(unfinished).sort()) {
    const path = join(unfinished, file)
    const bytes = statSync(path).size
    files[file] = file.endsWith('.onnx') ? { bytes, crc32: crc32(readFileSync(path)) } : { bytes }
  }
  const manifest: CompiledManifest = {
    name,
    compiler: COMPILER_VERSION,
    digest,
    encoderFormat: options.encoderFormat ?? 'float32',
    decoderFormat: options.decoderFormat ?? 'float32',
    machine: machine ?? null,
    files,
    fingerprint,
  }
  writeFileSync(join(unfinished, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 2)}\n`, { flush: true })
  return manifest
}

/**
 * Gives a whole model its name, in one step: neither a kill nor a second process ever leaves half of one under it.
 * Where another process was faster, its model stays and this one is removed.
 */
export function publish(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    if (statSync(folder, { throwIfNoEntry: false }) === undefined) throw error
  }
}

/**
 * Takes the model's name away at once; what is left of it goes then, or with the next sweep.
 *
 * @returns false when it is still there, since the folder may not be written.
 */
export function discard(folder: string): boolean {
  const doomed = isUnfinished(folder) ? folder : `${folder}${UNFINISHED}discarded-${process.pid}`
  try {
    if (doomed !== folder) renameSync(folder, doomed)
    rmSync(doomed, { recursive: true, force: true })
  } catch {
    // Another process may have removed it.
  }
  return statSync(folder, { throwIfNoEntry: false }) === undefined
}
