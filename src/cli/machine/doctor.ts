/** `paradox doctor`: is everything here that the service and the command line need? */

import { readConfig } from '../../config.ts'
import { type Output, printable } from '../output.ts'
import { CHECKS, type Check } from './checks.ts'

/**
 * Tells of each check as soon as it is done.
 *
 * @returns true when none failed.
 * @throws {ConfigError}
 */
export async function examine({ json }: { readonly json?: boolean | undefined }, output: Output): Promise<boolean> {
  const config = readConfig()
  const width = Math.max(...Object.keys(CHECKS).map((name) => name.length))
  const checks: Check[] = []
  for (const [name, look] of Object.entries(CHECKS)) {
    const check = { name, ...(await look(config)) }
    checks.push(check)
    if (!json) output.stdout(lineOf(check, width))
  }
  if (json) output.stdout(`${JSON.stringify(checks, null, 2)}\n`)
  return checks.every(({ status }) => status !== 'fail')
}

function lineOf({ name, status, message, remedy }: Check, width: number): string {
  const line = `${status.padEnd(4)}  ${name.padEnd(width)}  ${printable(message)}\n`
  return remedy === undefined ? line : `${line}${' '.repeat(width + 8)}→ ${remedy}\n`
}
