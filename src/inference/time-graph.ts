/** Times a small graph, to choose between several that compute the same. */

import { Tensor } from 'onnxruntime-node'
import { GraphSession } from './session.ts'

const RUNS = 2
/** More than the last-level cache that one process can count on. */
const EVICTING_FLOATS = 12 * 1024 ** 2

/**
 * Milliseconds of the fastest of a few runs, for each number of rows. One thread, and CPU time rather than
 * the clock's: on a busy machine the clock was off by a factor of three, and not for every graph.
 *
 * Before each run the CPU's caches are filled with something else: in a model a layer's weights come from memory,
 * because those of the other layers were there in between.
 *
 * @param path   a graph with one input `x` [1 × M × D].
 * @param rows   values of M.
 * @param width  D
 */
export async function timeGraph(path: string, rows: readonly number[], width: number): Promise<number[]> {
  await using session = await GraphSession.open(path, { device: 'cpu', threads: 1 })
  const evicting = new Float32Array(EVICTING_FLOATS)
  const times: number[] = []
  for (const nRows of rows) {
    const x = new Tensor('float32', new Float32Array(nRows * width).fill(0.5), [1, nRows, width])
    await session.run({ x }) // the first run also allocates
    let fastest = Number.POSITIVE_INFINITY
    for (let run = 0; run < RUNS; run++) {
      evicting.fill(run)
      const from = process.cpuUsage()
      await session.run({ x })
      const { user, system } = process.cpuUsage(from)
      fastest = Math.min(fastest, (user + system) / 1000)
    }
    times.push(fastest)
  }
  return times
}
