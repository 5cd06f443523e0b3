/** The peers' Python: virtual environments under our cache, made where they are missing or hold other versions. */

import { execFileSync, type StdioOptions } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Standard output of our commands is for their tables, so what others print goes to standard error. */
const TO_STDERR: StdioOptions = ['ignore', 2, 2]

/** Python, as it answers for the packages of `requirements.txt`. */
const CHECK = `
import sys
from importlib.metadata import version
for line in sys.stdin.read().split():
    name, wanted = line.split("==")
    if version(name.split("[")[0]).split("+")[0] != wanted: sys.exit(1)
`

/** All peers in one environment (6 GB, most of it torch's libraries); the second call takes a second. */
export function peersPython(cacheDir: string): string {
  const text = readFileSync(join(import.meta.dirname, 'requirements.txt'), 'utf8')
  return pythonWith(
    join(cacheDir, 'peers', 'venv'),
    text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  )
}

/**
 * The interpreter of an environment that has these packages.
 *
 * @param requirements  each of the form `name==version`.
 */
export function pythonWith(folder: string, requirements: readonly string[]): string {
  const python = join(folder, 'bin', 'python')
  if (existsSync(python) && hasPackages(python, requirements)) return python
  process.stderr.write(`setting up ${requirements.join(', ')} …\n`)
  execFileSync('python3', ['-m', 'venv', '--clear', folder], { stdio: TO_STDERR })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...requirements], { stdio: TO_STDERR })
  return python
}

function hasPackages(python: string, requirements: readonly string[]): boolean {
  try {
    execFileSync(python, ['-c', CHECK], { input: requirements.join('\n'), stdio: ['pipe', 'ignore', 'ignore'] })
    return true
  } catch {
    return false // broken, or of another run's versions: made anew
  }
}

/**
 * A folder with whisper.cpp built for this very processor: the wheel of the index knows no AVX-512 and no VNNI, which
 * its users get when they compile it, as its own instructions say. undefined where that is impossible.
 */
export function nativeWhisperCpp(python: string, cacheDir: string): string | undefined {
  const requirement = 'pywhispercpp==1.5.1'
  const folder = join(cacheDir, 'peers', 'whisper-cpp-native')
  const stamp = join(folder, 'built.txt')
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === requirement ? folder : undefined
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
  writeFileSync(stamp, requirement)
  return folder
}
