/**
 * Writes the table of metrics into docs/operations.md from src/http/observability/metrics.ts, so that it cannot name
 * another label. A test compares the file with what this script would write.
 *
 * usage: scripts/node scripts/write-metrics-doc.ts
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createMetrics, PREFIX } from '../src/http/observability/metrics.ts'

const FILE = resolve(import.meta.dirname, '../docs/operations.md')
const MARKED = /(<!-- metrics:begin[^\n]*-->\n)[\s\S]*?(<!-- metrics:end -->)/

/** The whole document, with the table as it should be. */
export function metricsDocument(): string {
  return readFileSync(FILE, 'utf8').replace(MARKED, (_, begin: string, end: string) => `${begin}\n${table()}\n${end}`)
}

interface MetricInfo {
  readonly name: string
  readonly type: string
  readonly labelNames: readonly string[]
  readonly help: string
}

/** Those of our own, in their order. */
export function ownMetrics(): readonly MetricInfo[] {
  const all = createMetrics().registry.getMetricsAsArray() as unknown as MetricInfo[] // its types leave the labels out
  return all.filter(({ name }) => name.startsWith(PREFIX))
}

function table(): string {
  const rows = ownMetrics().map(
    ({ name, type, labelNames, help }) =>
      `| \`${name}\` | ${type} | ${labelNames.map((label) => `\`${label}\``).join(', ') || '–'} | ${help} |\n`,
  )
  return `| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`
}

if (import.meta.main) writeFileSync(FILE, metricsDocument())
