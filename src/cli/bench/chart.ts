/** Bars of numbers: as characters for a terminal, as SVG for a document. */

import { printable } from '../output.ts'

export interface Bar {
  readonly label: string
  readonly value: number
  /** The value as it is shown. */
  readonly text: string
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** A bar of at most `columns` characters; the largest value fills them. */
export function textBar(value: number, largest: number, columns: number): string {
  const eighths = largest > 0 ? Math.round((value / largest) * columns * 8) : 0
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!
}

const WIDTH = 760
const ROW = 34
const TOP = 56
const LABEL_WIDTH = 240
const VALUE_WIDTH = 130

/** A whole SVG file, readable on light and dark pages. */
export function svgChart({
  title,
  caption,
  bars,
}: {
  readonly title: string
  readonly caption: string
  readonly bars: readonly Bar[]
}): string {
  const height = TOP + bars.length * ROW + 40
  const largest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
  const rows = bars.map(({ label, value, text }, i) => {
    const y = TOP + i * ROW
    const width = Math.max(1, Math.round((value / largest) * room))
    return (
      `  <text x="${LABEL_WIDTH - 10}" y="${y + 18}" text-anchor="end">${escaped(shortened(label))}</text>\n` +
      `  <rect x="${LABEL_WIDTH}" y="${y + 4}" width="${width}" height="20" rx="2"/>\n` +
      `  <text x="${LABEL_WIDTH + width + 8}" y="${y + 18}">${escaped(text)}</text>\n`
    )
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>${escaped(title)}</title>
  <style>
    svg { background: #fff } text { font: 14px system-ui, sans-serif; fill: #1f2328 } rect { fill: #2f6feb }
    .title { font-weight: 600; font-size: 16px } .caption { font-size: 12px; fill: #59636e }
    @media (prefers-color-scheme: dark) { svg { background: #0d1117 } text { fill: #e6edf3 } .caption { fill: #9198a1 } }
  </style>
  <text class="title" x="16" y="30">${escaped(title)}</text>
${rows.join('')}  <text class="caption" x="16" y="${height - 14}">${escaped(caption)}</text>
</svg>
`
}

const LONGEST_LABEL = 32

function shortened(label: string): string {
  return label.length > LONGEST_LABEL ? `…${label.slice(1 - LONGEST_LABEL)}` : label
}

function escaped(text: string): string {
  return printable(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
