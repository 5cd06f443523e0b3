/** How much memory a process has, for the metrics. */

import { readFile } from 'node:fs/promises'

/**
 * Memory that the process has in RAM, mapped weights included; pages that processes share count for each.
 *
 * @returns undefined where there is no such process, or no /proc.
 * @see man 5 proc_pid_status — `VmRSS`; smaps_rollup is exacter, and walks every page of a model of gigabytes.
 */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}
