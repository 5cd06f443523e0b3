/** What Linux counts of a process, by the numbers of man 5 proc_pid_stat. */

import { readFileSync } from 'node:fs'

/** Numbers of the fields that are read here. */
export const STAT = { majorFaults: 12, userTicks: 14, systemTicks: 15, startTicks: 22 } as const

/**
 * @param fields  numeric ones, from 4 on.
 * @returns undefined when there is no such process.
 * @throws the system's error where that cannot be found out.
 */
export function readStat(pid: number, ...fields: readonly number[]): number[] | undefined {
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
  return fields.map((field) => Number(fromField3[field - 3]))
}
