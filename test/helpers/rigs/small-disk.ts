/** Disks that are full or read-only, for those who may mount one. */

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/** A file system in memory; undefined where this user may not mount one. */
export function smallDisk(folder: string, options: string): Disposable | undefined {
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return { [Symbol.dispose]: () => void execFileSync('umount', ['-l', folder]) }
}
