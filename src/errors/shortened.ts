/** What a caller has sent, cut to a length at which a person still knows it again. */
export function shortened(text: string, maxLength = 100): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`
}
