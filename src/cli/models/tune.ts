/** `paradox models tune`: measures anew which precision is fastest here, for models of which later loads go by it. */

import { readConfig } from '../../config.ts'
import { chooseDevice } from '../../devices/index.ts'
import { OptionInvalidError } from '../../errors/index.ts'
import { modelFacts } from '../../models/model-facts.ts'
import { ModelRegistry } from '../../models/registry.ts'
import { type FormatMeasurement, type Formats, tune } from '../../models/tuning.ts'
import { commandLogger } from '../command-logger.ts'
import type { Output } from '../output.ts'
import { modelsHere } from './list.ts'

/**
 * @param ids  as `--model` takes them; none: all models of which the files are on this machine.
 * @returns    false where the machine was too busy for a measurement to count.
 * @throws {ConfigError | ModelUnknownError | OptionInvalidError} before anything is measured.
 */
export async function tuneModels(ids: readonly string[], { output }: { readonly output: Output }): Promise<boolean> {
  const config = readConfig()
  const registry = ModelRegistry.load(config.models)
  const entries = ids.length > 0 ? ids.map((id) => registry.resolve(id)) : await modelsHere(config)
  const settings = await chooseDevice(config.engine, commandLogger(config, 'error'))
  const models = await Promise.all(
    entries.map(async (entry) => {
      const { config } = await modelFacts(entry, settings)
      if (config === undefined) throw new OptionInvalidError('id', entry.id, 'a model whose files are on this machine')
      return { id: entry.id, width: config.dModel }
    }),
  )
  let isQuiet = true
  for (const [width, sharing] of Map.groupBy(models, (model) => model.width)) {
    const names = sharing.map(({ id }) => id).join(', ')
    const tuned = await tune(settings, width)
    if (!tuned) {
      output.stdout(`${names}  nothing to measure: DTYPE or the device decides\n`)
      continue
    }
    isQuiet &&= tuned.measurement.nBusy === 0
    output.stdout(`${names}  ${chosenText(tuned.chosen)}\n  ${measurementText(tuned.measurement)}\n`)
  }
  if (!isQuiet) output.stderr('paradox: the machine was busy, so the processor decides: try again when it is quiet\n')
  return isQuiet
}

export function chosenText({
  encoderFormat,
  decoderFormat,
}: {
  readonly [K in keyof Formats]: string
}): string {
  return `encoder ${encoderFormat}, decoder ${decoderFormat}`
}

/** Such as `a layer on 2026-12-01: encoder smoothed8 4.3 ms, float32 8.2 ms; decoder …`. */
export function measurementText({ times, nBusy, measuredAt }: FormatMeasurement): string {
  const part = (name: 'encoder' | 'decoder') => {
    const each = Object.entries(times).map(([format, rounds]) => `${format} ${millisecondsText(rounds[name])}`)
    return `${name} ${each.join(', ')}`
  }
  const busy = nBusy > 0 ? ', on a busy machine, so it does not count' : ''
  return `a layer on ${measuredAt.slice(0, 10)}${busy}: ${part('encoder')}; ${part('decoder')}`
}

function millisecondsText(rounds: readonly number[]): string {
  const median = rounds.toSorted((a, b) => a - b)[rounds.length >> 1] ?? 0
  return `${median.toPrecision(2)} ms`
}
