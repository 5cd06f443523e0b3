/**
 * Loaded into a service's process by `--import`, it measures there what a request costs: how long the event loop was held,
 * and memory. `measured-service.ts` asks it.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

const MIB = 1024 ** 2
const SAMPLE_MS = 5

export interface Cost {
  /**
   * The longest time in which the event loop could do nothing else, or the processor's time within it where that is less:
   * the other processes of the machine are no fault of a request.
   */
  readonly heldMs: number
  /** Growth of the process's memory at its peak. */
  readonly rssMiB: number
  /** Growth of the heap that is left after a collection. */
  readonly heapMiB: number
}

const delay = monitorEventLoopDelay({ resolution: 1 })
let before = process.memoryUsage()
let peakRss = 0
let cpu = process.threadCpuUsage()
let longestCpuMs = 0

function sample(): void {
  const { user, system } = process.threadCpuUsage(cpu)
  longestCpuMs = Math.max(longestCpuMs, (user + system) / 1000)
  peakRss = Math.max(peakRss, process.memoryUsage.rss())
  cpu = process.threadCpuUsage()
}
setInterval(sample, SAMPLE_MS).unref()

process.on('message', async (what) => {
  if (what === 'begin') {
    globalThis.gc!()
    before = process.memoryUsage()
    sample()
    peakRss = before.rss
    longestCpuMs = 0
    delay.enable()
    delay.reset()
    process.send!('begun')
  } else {
    await setTimeout(4 * SAMPLE_MS) // a loop that has been held is seen by the timers that come after
    const heldMs = Math.min(delay.max / 1e6, longestCpuMs)
    delay.disable()
    globalThis.gc!()
    const { heapUsed } = process.memoryUsage()
    const cost: Cost = { heldMs, rssMiB: (peakRss - before.rss) / MIB, heapMiB: (heapUsed - before.heapUsed) / MIB }
    process.send!(cost)
  }
})
process.channel!.unref() // the service ends by itself
