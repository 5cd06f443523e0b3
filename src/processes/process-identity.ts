/** Which process a number meant: a pid alone does not say, since the next container's first process is pid 1 too. */

import { readStat, STAT } from './process-stat.ts'

const IDENTITY = /^(\d+)-(\d+)$/

/**
 * The name of this process and of no later one: `pid-start`, for names of files that tell whose they are.
 *
 * @see man 5 proc_pid_stat — field 22, `starttime`.
 */
export function ownIdentity(): string {
  return `${process.pid}-${startTicks(process.pid)}`
}

/** True while the very process of this name is alive; true as well when that cannot be found out. */
export function isAlive(identity: string): boolean {
  const [, pid, ticks] = IDENTITY.exec(identity) ?? []
  if (pid === undefined) return false
  try {
    return startTicks(Number(pid)) === Number(ticks)
  } catch {
    return true
  }
}

/**
 * When a process started, in clock ticks since boot.
 *
 * @returns 0 where the system has no /proc, undefined when there is no such process.
 */
function startTicks(pid: number): number | undefined {
  if (process.platform !== 'linux') return isRunning(pid) ? 0 : undefined
  return readStat(pid, STAT.startTicks)?.[0]
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // there, but another user's
  }
}
