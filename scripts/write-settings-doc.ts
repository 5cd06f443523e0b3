/**
 * Writes the table of settings into docs/operations.md from src/settings.ts, so that it cannot name another default. A
 * test compares the file with what this script would write.
 *
 * usage: scripts/node scripts/write-settings-doc.ts
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { SETTINGS, type Setting } from '../src/settings.ts'

const FILE = resolve(import.meta.dirname, '../docs/operations.md')
const MARKED = /(<!-- settings:begin[^\n]*-->\n)[\s\S]*?(<!-- settings:end -->)/

/** The whole document, with the table as it should be. */
export function operationsDocument(): string {
  return readFileSync(FILE, 'utf8').replace(MARKED, (_, begin: string, end: string) => `${begin}\n${table()}\n${end}`)
}

function table(): string {
  const rows = Object.entries<Setting>(SETTINGS).map(
    ([name, setting]) => `| \`${name}\` | ${defaultOf(setting)} | ${setting.meaning}${otherNames(name, setting)} |\n`,
  )
  return `| setting | default | meaning |\n| --- | --- | --- |\n${rows.join('')}`
}

/** What else it is called; the first variable that is set counts. */
function otherNames(name: string, { variables = [] }: Setting): string {
  const others = variables.filter((variable) => variable !== name).map((variable) => `\`${variable}\``)
  return others.length > 0 ? ` Also read from ${others.join(', ')}.` : ''
}

function defaultOf({ check, defaultInWords }: Setting): string {
  if (defaultInWords !== undefined) return defaultInWords
  const value: unknown = check.parse(undefined)
  if (value === undefined) return '–'
  return `\`${value === false ? 0 : value}\``
}

if (import.meta.main) writeFileSync(FILE, operationsDocument())
