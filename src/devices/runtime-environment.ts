/** The environment of the processes that load the runtime. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { claimFolderSync } from '../folders.ts'

/**
 * The runtime counts its uses and would send that to its makers, and leaves a file for each process in the temporary
 * folder. This service sends nothing to third parties, so that is switched off.
 */
const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1' }

/**
 * Gives memory back as soon as it is free. Left to itself, glibc raises the size from which a buffer gets pages of its
 * own up to 32 MB, and what is freed below that stays: a minute of speech with Whisper base took 345 MB instead of 278. Below
 * 4 MB are the features of a window, which come and go with each.
 */
const MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '4194304', MALLOC_TRIM_THRESHOLD_: '4194304' }

/**
 * NVIDIA's libraries multiply float32 with no more than float16's mantissa unless they are told not to, also where the
 * spectrogram is computed: of a LibriVox recording its quiet bands then differ by up to 0.02, as rounding by hand shows. The
 * runtime's binding has no option for it.
 *
 * @see https://docs.nvidia.com/cuda/cublas/, NVIDIA_TF32_OVERRIDE
 */
const WHOLE_FLOAT32 = { NVIDIA_TF32_OVERRIDE: '0' }

/**
 * A variable that is set already stays.
 *
 * @param cacheDir  where Node may keep the sources compiled and without their types: making that anew was half of a warm
 *                  load's time, and 20 MB for the program that takes types away. A folder that may not be written is not
 *                  used, nor where NODE_COMPILE_CACHE names another.
 * @param device    variables that select the device that was chosen.
 */
export function runtimeEnvironment(cacheDir?: string, device: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const codeCache = process.env.NODE_COMPILE_CACHE || (cacheDir && ownFolder(cacheDir, 'node'))
  return {
    ...MALLOC,
    ...WHOLE_FLOAT32,
    ...process.env,
    ...device,
    ...NO_TELEMETRY,
    ...(codeCache ? { NODE_COMPILE_CACHE: codeCache } : {}),
  }
}

/** Undefined where others may write to it, and where it cannot be made: below /proc Node would try for ever. */
function ownFolder(cacheDir: string, name: string): string | undefined {
  try {
    claimFolderSync(cacheDir, name)
    const folder = join(cacheDir, name)
    return existsSync(folder) ? folder : undefined
  } catch {
    return undefined
  }
}
