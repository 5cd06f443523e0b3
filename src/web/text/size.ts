/** Sizes of files, in the reader's language. */

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

/** `0 bytes`, `512 kB`, `1.4 GB`: in thousands, as file managers count. */
export function fileSize(bytes: number, locale: string): string {
  let [value, unit] = [bytes, 0]
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[unit]!, // the loop ends at the last
    unitDisplay: unit === 0 ? 'long' : 'short', // `0 byte` would be the short one
    maximumFractionDigits: digits,
  }).format(value)
}
