/**
 * Known vulnerabilities of the packages in the lock file, those for development too, by the registry's own list. Fails for
 * high and critical ones. A registry that does not answer, as mirrors and closed networks have it, is no failure: it is
 * said, and nothing is known then.
 *
 * usage: scripts/node scripts/audit.ts [FOLDER]    (FOLDER: of the lock file; by default this project's)
 */

import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { z } from 'zod'

const report = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      severity: z.string(),
      via: z.array(z.union([z.string(), z.object({ title: z.string(), url: z.string() })])),
    }),
  ),
})

const FAILING: readonly string[] = ['high', 'critical']
const TIMEOUT_MS = 120_000

const folder = resolve(process.argv[2] ?? `${import.meta.dirname}/..`)
const npm = spawnSync('npm', ['audit', '--package-lock-only', '--json'], {
  cwd: folder,
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
  maxBuffer: 64 * 1024 * 1024,
})
const json = parsed(npm.stdout ?? '')
const answer = report.safeParse(json)
if (answer.success) {
  const found = Object.entries(answer.data.vulnerabilities)
  for (const [name, { severity, via }] of found) {
    const reasons = via.map((reason) =>
      typeof reason === 'string' ? `by ${reason}` : `${reason.title} (${reason.url})`,
    )
    console.log(`audit: ${severity}: ${name}: ${reasons.join('; ')}`)
  }
  const nFailing = found.filter(([, { severity }]) => FAILING.includes(severity)).length
  console.log(`audit: ${found.length} packages with known vulnerabilities, ${nFailing} of them high or critical`)
  process.exitCode = nFailing > 0 ? 1 : 0
} else {
  const refusal = z.object({ message: z.string() }).safeParse(json)
  const reason = refusal.data?.message ?? npm.error?.message ?? 'it gave no reason'
  console.warn(
    `audit: NOT DONE. The registry gave no list of vulnerabilities (${reason}), so nothing is known of them.`,
  )
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
