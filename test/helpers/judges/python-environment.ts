/** Virtual environments of Python with packages of stated versions: for the tests' judges and the benchmarks' peers. */

import { execFileSync, type StdioOptions } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Standard output of our commands is for what they find out, so what others print goes to standard error. */
const TO_STDERR: StdioOptions = ['ignore', 2, 2]

/** Exits with 1 unless the packages of standard input are there, in these versions. */
const CHECK = `
import sys
from importlib.metadata import version
for line in sys.stdin.read().split():
    name, wanted = line.split("==")
    if version(name.split("[")[0]).split("+")[0] != wanted: sys.exit(1)
`

/** The lines of a requirements file, each of the form `name==version`, without its comments. */
export function readRequirements(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}

/**
 * The interpreter of an environment that has these packages; made where it is missing or has other versions, which takes
 * the network, else there in a blink.
 *
 * @param requirements  each of the form `name==version`.
 * @throws {Error} where there is no Python with pip, or no package index.
 */
export function pythonWith(folder: string, requirements: readonly string[]): string {
  const found = installedPython(folder, requirements)
  if (found !== undefined) return found
  const python = interpreterIn(folder)
  process.stderr.write(`setting up ${requirements.join(', ')} …\n`)
  const [program, ...pip] = makeEnvironment(folder)
  execFileSync(program, [...pip, '--disable-pip-version-check', 'install', '--quiet', ...requirements], {
    stdio: TO_STDERR,
  })
  return python
}

/** The same without making it: undefined where it is missing, broken, or has other versions. */
export function installedPython(folder: string, requirements: readonly string[]): string | undefined {
  const python = interpreterIn(folder)
  if (!existsSync(python)) return undefined
  try {
    execFileSync(python, ['-c', CHECK], { input: requirements.join('\n'), stdio: ['pipe', 'ignore', 'ignore'] })
    return python
  } catch {
    return undefined
  }
}

/** An empty environment, and how its pip is called. */
function makeEnvironment(folder: string): [program: string, ...args: string[]] {
  const python = interpreterIn(folder)
  try {
    execFileSync('python3', ['-m', 'venv', '--clear', folder], { stdio: 'ignore' })
    return [python, '-m', 'pip']
  } catch {
    // Debian's Python gives an environment no pip of its own unless python3-venv is installed; the system's pip will do.
    execFileSync('python3', ['-m', 'venv', '--clear', '--without-pip', folder], { stdio: TO_STDERR })
    return ['python3', '-m', 'pip', '--python', python]
  }
}

function interpreterIn(folder: string): string {
  return join(folder, 'bin', 'python')
}
