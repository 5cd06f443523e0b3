/** Names of the files that the page gives to save. */

/** Too long a name is refused by file systems, which count bytes: this leaves room in each. */
const MAX_CHARACTERS = 80

/** The name of a recording as a file: its own, without what file systems refuse. */
export function recordingName(name: string): string {
  const [ending = ''] = /\.[\p{L}\p{N}]{1,5}$/u.exec(name.trim()) ?? []
  return `${stem(name)}${ending}`
}

/** The name of a recording without its ending, and without what file systems refuse; never empty. */
export function stem(name: string): string {
  const plain = name
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029<>:"/\\|?*]+/gu, ' ')
    .replace(/\.[\p{L}\p{N}]{1,5}\s*$/u, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^[. ]+|[. ]+$/g, '')
  return [...plain].slice(0, MAX_CHARACTERS).join('').trim() || 'transcript'
}
