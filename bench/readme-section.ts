/** The parts of bench/README.md that benchmarks write: what stands between two comments that bear their name. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Replaces the section `name`, which begins with `<!-- name:begin … -->`. */
export function writeSection(name: string, content: string): void {
  const file = join(import.meta.dirname, 'README.md')
  const text = readFileSync(file, 'utf8')
  const begin = new RegExp(`<!-- ${name}:begin .*-->`).exec(text)
  const end = text.indexOf(`<!-- ${name}:end -->`)
  if (!begin || end < begin.index) throw new Error(`bench/README.md has lost the markers of '${name}'`)
  writeFileSync(file, `${text.slice(0, begin.index + begin[0].length)}\n\n${content}\n\n${text.slice(end)}`)
}
