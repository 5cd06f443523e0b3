/** How much memory a process has, for the limit and for the metrics. */

import { readFileSync } from 'node:fs'

/**
 * Memory that the process has in RAM, mapped weights included; pages that processes share count for each.
 *
 * @returns undefined where there is no such process, or no /proc.
 * @see man 5 proc_pid_status — `VmRSS`, `VmHWM`; smaps_rollup is exacter, and walks every page of a model of gigabytes.
 */
export function residentBytes(pid: number): number | undefined {
  return statusBytes(pid, 'VmRSS')
}

/** The most memory that the process has had in RAM so far, counted in the same way. @returns as `residentBytes`. */
export function peakResidentBytes(pid: number): number | undefined {
  return statusBytes(pid, 'VmHWM')
}

function statusBytes(pid: number, field: string): number | undefined {
  try {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}
