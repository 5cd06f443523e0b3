/** Where text goes, and what of it is safe there. */

export interface Output {
  stdout(text: string): void
  stderr(text: string): void
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A name in one line: control characters, which may be in any file's name, would steer a terminal or fake a line. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => ESCAPES[char] ?? '?')
}

/** A line about one file that failed. */
export function failureLine(file: string, sentence: string): string {
  return `paradox: ${printable(file)}: ${printable(sentence)}\n`
}

/** `1.2 GB`, `145 MB`, `12 kB`: as disks count them. */
export function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(bytes >= 1e10 ? 0 : 1)} GB`
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes >= 1e7 ? 0 : 1)} MB`
  return `${Math.ceil(bytes / 1e3)} kB`
}
