/** What the operating system says of a process and everything it has started; Linux only. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Process ids that `pid` itself has started and that have not been waited for. */
export function children(pid: number): number[] {
  const tasks = list(`/proc/${pid}/task`).map((task) => read(`/proc/${pid}/task/${task}/children`))
  return tasks.flatMap((ids) => ids.split(' ').filter(Boolean).map(Number))
}

/** Process ids of `pid`'s children, their children and so on. */
export function descendants(pid: number): number[] {
  return children(pid).flatMap((child) => [child, ...descendants(child)])
}

/** Resident memory of `pid` and its descendants, in bytes; pages that they share are counted once for each. */
export function residentBytesOfTree(pid: number): number {
  return [pid, ...descendants(pid)].reduce((sum, id) => sum + residentBytes(id), 0)
}

export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1]
  return Number(kilobytes ?? 0) * 1024
}

export function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(read(`/proc/${pid}/status`))
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // it has just ended
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
