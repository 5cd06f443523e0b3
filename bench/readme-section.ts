/** The parts of bench/README.md that benchmarks write: what stands between two comments that bear their name. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, 'README.md')

/** Replaces the section `name` of bench/README.md. */
export function writeSection(name: string, content: string): void {
  writeFileSync(FILE, withSection(readFileSync(FILE, 'utf8'), name, content))
}

/** The text with another section `name`, which begins with `<!-- name:begin … -->`. */
export function withSection(text: string, name: string, content: string): string {
  const begin = new RegExp(`<!-- ${name}:begin.*-->`).exec(text)
  const end = text.indexOf(`<!-- ${name}:end -->`)
  if (!begin || end < begin.index) throw new Error(`bench/README.md has lost the markers of '${name}'`)
  return `${text.slice(0, begin.index + begin[0].length)}\n\n${content}\n\n${text.slice(end)}`
}
