/** Which process a number meant: a pid alone does not say, since the next container's first process is pid 1 too. */

import { readFileSync } from 'node:fs'

/**
 * When a process started, in clock ticks since boot; together with the pid it names one process and no later one.
 *
 * @returns 0 where the system has no /proc, undefined when there is no such process.
 * @see man 5 proc_pid_stat — field 22, `starttime`.
 */
export function processStartTicks(pid: number): number | undefined {
  if (process.platform !== 'linux') return isRunning(pid) ? 0 : undefined
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
  // Field 2 is the program's name in parentheses and may itself hold blanks and parentheses; field 3 follows the last.
  const fromField3 = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fromField3[22 - 3])
}

/** True while the very process that had this pid and start is alive; true as well when that cannot be found out. */
export function isSameProcessAlive(pid: number, startTicks: number): boolean {
  try {
    return processStartTicks(pid) === startTicks
  } catch {
    return true
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // there, but another user's
  }
}
