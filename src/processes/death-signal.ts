/** Linux can end a process with its parent, whatever state it is in: also one that is stopped, or stuck in a native call. */

import { spawnSync } from 'node:child_process'
import { withoutSecrets } from './secrets.ts'

const SETPRIV = ['setpriv', '--pdeathsig', 'KILL', '--'] as const

let isThere: boolean | undefined

/**
 * What to put in front of a command so that it dies with the thread that starts it; nothing where the system has no such
 * means (util-linux from 2.34 on). The command keeps the process id.
 *
 * @see man 2 PR_SET_PDEATHSIG
 */
export function deathSignalPrefix(): readonly string[] {
  if (process.platform !== 'linux') return []
  isThere ??= isInstalled()
  return isThere ? SETPRIV : []
}

function isInstalled(): boolean {
  const options = { stdio: 'ignore', timeout: 5_000, env: withoutSecrets() } as const
  return spawnSync(SETPRIV[0], [...SETPRIV.slice(1), 'true'], options).status === 0
}
