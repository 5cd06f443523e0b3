/** Prometheus's text format, read strictly: what does not follow its grammar throws. */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

interface OpenFamily extends Family {
  type: string
  readonly samples: Sample[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`
const HELP_LINE = new RegExp(`^# HELP (${NAME}) (.+)$`)
const TYPE_LINE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`)
// Prometheus reads numbers as Go does, NaN in any case; prom-client writes it as "Nan".
const SAMPLE_LINE = new RegExp(
  `^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (NaN|Nan|[+-]Inf|[+-]?[0-9.]+(?:e[+-]?\\d+)?)$`,
)

/**
 * The families of a scrape, by name. Each begins with its help and its type, no series comes twice, and a histogram's
 * buckets only grow, up to its count.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, OpenFamily>()
  const seen = new Set<string>()
  let family: OpenFamily | undefined
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const help = HELP_LINE.exec(line)
    const type = TYPE_LINE.exec(line)
    if (help) family = { name: help[1]!, help: help[2]!, type: '', samples: [] }
    else if (type) {
      if (!family || family.name !== type[1] || families.has(family.name))
        throw new Error(`a type without its help: ${line}`)
      family.type = type[2]!
      families.set(family.name, family)
    } else {
      const sample = parseSample(line)
      const base = family?.type === 'histogram' ? sample.name.replace(/_(bucket|sum|count)$/, '') : sample.name
      if (!family?.type || base !== family.name) throw new Error(`a sample outside its family: ${line}`)
      const series = line.slice(0, line.lastIndexOf(' '))
      if (seen.has(series)) throw new Error(`twice the same series: ${line}`)
      seen.add(series)
      family.samples.push(sample)
    }
  }
  for (const one of families.values()) if (one.type === 'histogram') checkBuckets(one)
  return families
}

/** Sum over the series that have these labels, of a counter, a gauge or a `…_count`; 0 where there is none. */
export function sampleValue(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const samples = [...families.values()].flatMap((family) => family.samples).filter((sample) => sample.name === name)
  return samples
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0)
}

function parseSample(line: string): Sample {
  const parts = SAMPLE_LINE.exec(line)
  if (!parts) throw new Error(`no line of this format: ${line}`)
  const pairs = (parts[2] ?? '').matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)
  const labels = Object.fromEntries(Array.from(pairs, ([, name, value]) => [name!, value!]))
  return { name: parts[1]!, labels, value: Number(parts[3]!.replace('Inf', 'Infinity')) }
}

function checkBuckets({ name, samples }: Family): void {
  const last = new Map<string, number>()
  for (const { name: part, labels, value } of samples) {
    const { le, ...series } = labels
    const key = JSON.stringify(series)
    if (part === `${name}_bucket`) {
      if (value < (last.get(key) ?? 0)) throw new Error(`${name}: the bucket ${le} is smaller than the one before`)
      last.set(key, value)
    }
    if (part === `${name}_count` && value !== last.get(key))
      throw new Error(`${name}: the count is not the last bucket`)
  }
}
