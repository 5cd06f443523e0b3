/** The environment of the processes that load the runtime. */

import { join } from 'node:path'

/**
 * The runtime counts its uses and would send that to its makers, and leaves a file for each process in the temporary
 * folder. Nothing that this service does is anybody else's affair, so it is told not to.
 */
const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1' }

/**
 * @param cacheDir  where Node may keep the sources compiled and without their types: making that anew was half of a warm
 *                  load's time, and 20 MB for the program that takes types away. A folder that may not be written is not
 *                  used, nor where NODE_COMPILE_CACHE names another.
 */
export function runtimeEnvironment(cacheDir?: string): NodeJS.ProcessEnv {
  const codeCache = process.env.NODE_COMPILE_CACHE || (cacheDir && join(cacheDir, 'node'))
  return { ...process.env, ...NO_TELEMETRY, ...(codeCache ? { NODE_COMPILE_CACHE: codeCache } : {}) }
}
