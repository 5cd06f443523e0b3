/**
 * A process that compiles one model and ends: tensors, packed weights and what the allocator keeps of them go with it,
 * so the engine that waits for it is as small after a first load as after any other.
 */

import { statfsSync } from 'node:fs'
import { openWeights } from '../../checkpoint/index.ts'
import { WeightsCutOffError } from '../../compiler/index.ts'
import { AsrError, DiskFullError, isDiskFull, toWire } from '../../errors/index.ts'
import { serveParent, tellParent } from '../../processes/parent.ts'
import { compileNeutral, compilePrepared, compileUnprepared } from './compile-graphs.ts'
import type { CompileAnswer, CompileJob } from './compile-process.ts'

/** With less room than this left, a file that the runtime did not write to its end has met a full disk. */
const HARDLY_ANY_ROOM = 64 * 1024 ** 2

const parent = process.ppid

serveParent(async (job: CompileJob) => {
  tellParent(await compileJob(job), () => process.exit(0))
})

async function compileJob(job: CompileJob): Promise<CompileAnswer> {
  try {
    const { config, tensors } = await openWeights(job.checkpointFolder)
    using _ = tensors
    const input = { config, tensors, generation: { alignmentHeads: job.alignmentHeads } }
    const settings = { options: job.options, session: job.session, onProgress: reportProgress }
    if (job.isPrepared) return { type: 'done', fingerprint: await compilePrepared(input, job.folder, settings) }
    if (job.session.device === 'cpu') {
      return { type: 'done', fingerprint: await compileUnprepared(input, job.folder, settings) }
    }
    compileNeutral(input, job.folder, settings)
    return { type: 'done', fingerprint: null }
  } catch (error) {
    const failure = isOutOfRoom(error, job.folder) ? new DiskFullError('the compiled model', { cause: error }) : error
    if (failure instanceof AsrError) return { type: 'failed', error: toWire(failure) }
    return { type: 'failed', stack: failure instanceof Error ? (failure.stack ?? failure.message) : String(failure) }
  }
}

function isOutOfRoom(error: unknown, folder: string): boolean {
  if (isDiskFull(error)) return true
  // The runtime does not say why it could not write; mostly it does not even notice.
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize < HARDLY_ANY_ROOM && (error instanceof WeightsCutOffError || !(error instanceof AsrError))
}

let lastPercent = -1

function reportProgress(fraction: number): void {
  // The compiler never lets the event loop run, so the end of the parent would go unnoticed.
  if (process.ppid !== parent) process.exit(1)
  const percent = Math.floor(100 * fraction)
  if (percent > lastPercent) tellParent({ type: 'progress', fraction } satisfies CompileAnswer)
  lastPercent = percent
}
