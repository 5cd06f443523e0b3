/** Times small graphs side by side, to choose between several that compute the same. */

import { Tensor } from 'onnxruntime-node'
import { GraphSession } from './session.ts'

/** More than the last-level cache that one process can count on. */
const EVICTING_FLOATS = 12 * 1024 ** 2

/** Milliseconds of one run. */
export interface RunTime {
  /** That the process computed. */
  readonly processor: number
  /** That went by; more than `processor` where other work took the core away. */
  readonly clock: number
}

export interface TimingOptions {
  /** D */
  readonly width: number
  /** Values of M. */
  readonly rows: readonly number[]
  readonly rounds: number
}

/**
 * Runs all graphs in turn, round after round, so that what else the machine does meets all of them alike. On one thread, and
 * with the processor's time beside the clock's: on a busy machine the clock was off by a factor of three, and not for
 * every graph.
 *
 * Before each run the CPU's caches are filled with something else: in a model a layer's weights come from memory,
 * because those of the other layers were there in between.
 *
 * @param paths  graphs with one input `x` [1 × M × D].
 * @returns      for each graph, for each round, for each number of rows, the time of a run.
 */
export async function timeGraphs(
  paths: readonly string[],
  { width, rows, rounds }: TimingOptions,
): Promise<RunTime[][][]> {
  await using opened = new AsyncDisposableStack()
  const sessions: GraphSession[] = []
  for (const path of paths) sessions.push(opened.use(await GraphSession.open(path, { device: 'cpu', threads: 1 })))
  const inputs = rows.map((n) => new Tensor('float32', new Float32Array(n * width).fill(0.5), [1, n, width]))
  const evicting = new Float32Array(EVICTING_FLOATS)
  for (const session of sessions) for (const x of inputs) await session.run({ x }) // the first run also allocates
  const times: RunTime[][][] = sessions.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, session] of sessions.entries()) {
      const ofRound: RunTime[] = []
      for (const x of inputs) {
        evicting.fill(round)
        ofRound.push(await timeRun(session, x))
      }
      times[i]!.push(ofRound) // one list for each session
    }
  }
  return times
}

async function timeRun(session: GraphSession, x: Tensor): Promise<RunTime> {
  const [from, began] = [process.cpuUsage(), performance.now()]
  await session.run({ x })
  const { user, system } = process.cpuUsage(from)
  return { processor: (user + system) / 1000, clock: performance.now() - began }
}
