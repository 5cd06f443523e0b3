/** The peer: faster-whisper from the Python package index, in a virtual environment of its own. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const VERSION = '1.2.1'

export interface FasterWhisperJob {
  /** Folder of a CTranslate2 checkpoint. */
  readonly model: string
  readonly computeType: string
  readonly threads: number
  readonly isBatched: boolean
  readonly options: Readonly<Record<string, boolean | number>>
  readonly clips: readonly { readonly id: string; readonly path: string; readonly language: string | null }[]
}

/** The lines that faster_whisper_wer.py writes, as text: the first is about the run, then one per clip. */
export async function* runFasterWhisper(job: FasterWhisperJob, cacheDir: string): AsyncGenerator<string> {
  const python = environment(join(cacheDir, 'peers', 'faster-whisper'))
  const script = join(import.meta.dirname, 'faster_whisper_wer.py')
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  try {
    child.stdin.on('error', () => {}) // it ended before it read its job; the exit code tells
    child.stdin.end(JSON.stringify(job))
    yield* createInterface({ input: child.stdout })
    const [code, signal] = await exited
    if (code !== 0) throw new Error(`faster-whisper ended by ${signal ?? `exit code ${code}`}; see above`)
  } finally {
    child.kill() // where the reader stopped early; harmless after the exit
  }
}

/** The environment's Python; sets it up where no earlier run has, or one did with another version. */
function environment(folder: string): string {
  const python = join(folder, 'bin', 'python')
  const version = 'from importlib.metadata import version; print(version("faster-whisper"))'
  try {
    if (String(execFileSync(python, ['-c', version], { stdio: ['ignore', 'pipe', 'ignore'] })).trim() === VERSION) {
      return python
    }
  } catch {
    // not there, or broken: made anew below
  }
  process.stderr.write(`setting up faster-whisper ${VERSION} …\n`)
  // Standard output is for the tables.
  const run = (command: string, ...words: string[]) => execFileSync(command, words, { stdio: ['ignore', 2, 2] })
  run('python3', '-m', 'venv', '--clear', folder)
  run(python, '-m', 'pip', 'install', '--quiet', `faster-whisper==${VERSION}`)
  return python
}
