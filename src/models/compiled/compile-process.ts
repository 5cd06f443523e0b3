/** The engine's side of a compilation: starts its process, tells how far it is, ends it when no caller waits any more. */

import { onAbort } from '../../async/abortable.ts'
import type { GenerationConfig } from '../../checkpoint/index.ts'
import type { CompileOptions } from '../../compiler/index.ts'
import { RemoteError, type WireError } from '../../errors/index.ts'
import type { SessionSettings } from '../../inference/index.ts'
import { ForkedProcess, ProcessEndedError, SMALL_HEAP } from '../../processes/forked-process.ts'
import { PREPARING } from '../../processes/silence-watch.ts'

/** Plain data: it crosses a process boundary. */
export interface CompileJob {
  readonly checkpointFolder: string
  readonly alignmentHeads: GenerationConfig['alignmentHeads']
  /** Exists and is empty. */
  readonly folder: string
  readonly options: CompileOptions
  readonly session: SessionSettings
  /** Whether the runtime shall save the graphs for this machine. */
  readonly isPrepared: boolean
}

export type CompileAnswer =
  | { readonly type: 'progress'; readonly fraction: number }
  /** null: the graphs are for another device than the CPU, so nothing has run them. */
  | { readonly type: 'done'; readonly fingerprint: string | null }
  | { readonly type: 'failed'; readonly error: WireError }
  | { readonly type: 'failed'; readonly error?: undefined; readonly stack: string }

/**
 * Gives memory back as soon as it is free. Left to itself, glibc raises the size from which a buffer gets pages of its
 * own up to 32 MB, and what is freed below that stays: of the compilation of Whisper base 160 MB instead of 70.
 */
const MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' }

/**
 * Compiles in a process of its own.
 *
 * @returns what the model answers to the fixed input of `fingerprint.ts`, or null where the graphs are not for the CPU.
 * @throws {DiskFullError | CheckpointCorruptError} as they are named there; an abort's reason.
 */
export async function compileInProcess(
  job: CompileJob,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
): Promise<string | null> {
  signal.throwIfAborted()
  const child = new ForkedProcess<CompileJob, CompileAnswer>(new URL('./compile-entry.ts', import.meta.url), {
    execArgv: SMALL_HEAP,
    env: { ...process.env, ...MALLOC },
    stderr: 'inherit',
    patience: PREPARING,
  })
  using _killing = onAbort(signal, () => child.kill())
  try {
    const { fingerprint } = await child.ask(job, (answer) => {
      if (answer.type === 'done') return answer
      if (answer.type === 'progress') return void onProgress(answer.fraction)
      if (answer.error) throw new RemoteError(answer.error)
      throw new Error('The process that compiles a model has failed.', { cause: answer.stack })
    })
    await child.ended
    return fingerprint
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ProcessEndedError)) throw error
    throw new Error(`The process that compiles a model was ended by ${error.end.how}.`)
  } finally {
    child.kill() // it has ended, unless this function was left early
    await child.ended
  }
}
