/** The sweep with which a command starts. */

import { tmpdir } from 'node:os'
import { readConfig } from '../config.ts'
import { sweepTemporaryFolders } from '../temporary-folders.ts'

/** Deletes what killed processes have left; goes on beside the command, and never fails. */
export async function sweepLeftovers(): Promise<void> {
  await sweepTemporaryFolders([tmpdir(), ...tempDirOfSettings()])
}

/** None where a setting is wrong, which is for the command to tell. */
function tempDirOfSettings(): string[] {
  try {
    return [readConfig().tempDir]
  } catch {
    return []
  }
}
