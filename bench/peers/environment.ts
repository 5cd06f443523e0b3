/** The peers' Python: virtual environments under our cache, made where they are missing or hold other versions. */

import { execFileSync, type StdioOptions } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { processorFeatures } from '../../src/models/compiled/index.ts'
import { pythonWith, readRequirements } from '../../test/helpers/judges/python-environment.ts'

/** Standard output of our commands is for their tables, so what others print goes to standard error. */
const TO_STDERR: StdioOptions = ['ignore', 2, 2]

/** All peers in one environment (6 GB, most of it torch's libraries); the second call takes a second. */
export function peersPython(cacheDir: string): string {
  return pythonWith(join(cacheDir, 'peers', 'venv'), readRequirements(join(import.meta.dirname, 'requirements.txt')))
}

/**
 * A folder with whisper.cpp built for this very processor: the wheel of the index knows no AVX-512 and no VNNI, which
 * its users get when they compile it, as its own instructions say. undefined where that is impossible.
 */
export function nativeWhisperCpp(python: string, cacheDir: string): string | undefined {
  const requirement = 'pywhispercpp==1.5.1'
  const folder = join(cacheDir, 'peers', 'whisper-cpp-native')
  const stamp = join(folder, 'built.txt')
  // A cache may come from another machine, whose instructions this one need not have.
  const built = `${requirement} for ${processorFeatures().join(' ')}`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === built) return folder
  rmSync(folder, { recursive: true, force: true })
  process.stderr.write('building whisper.cpp for this processor …\n')
  const build = ['--no-deps', '--no-binary', 'pywhispercpp', '--no-cache-dir', '--upgrade', '--target', folder]
  try {
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...build, requirement], {
      stdio: TO_STDERR,
      env: { ...process.env, CMAKE_ARGS: '-DGGML_NATIVE=ON' },
    })
  } catch {
    process.stderr.write('whisper.cpp could not be built, so its wheel is used: a C++ compiler may be missing\n')
    return undefined
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(stamp, built)
  return folder
}
