/** `paradox models info`: what a model is made of, what it takes, and how fast it is here. */

import { type EngineSettings, readConfig } from '../../config.ts'
import { type ModelFacts, modelFacts } from '../../models/model-facts.ts'
import { languageOf, type ModelEntry, ModelRegistry } from '../../models/registry.ts'
import { languageName } from '../../transcript/index.ts'
import { type Output, sizeText } from '../output.ts'
import { speedText } from '../progress/wording.ts'
import { describeOrigin } from './list.ts'
import { chosenText, measurementText } from './tune.ts'

/**
 * @returns false when files of one are here and cannot be read.
 * @throws {ConfigError | ModelUnknownError} before anything is printed.
 */
export async function describeModels(
  ids: readonly string[],
  { json }: { readonly json?: boolean | undefined },
  output: Output,
): Promise<boolean> {
  const config = readConfig()
  const registry = ModelRegistry.load(config.models)
  const entries = ids.map((id) => registry.resolve(id))
  const models = await Promise.all(
    entries.map(async (entry) => ({ entry, facts: await modelFacts(entry, config.engine) })),
  )
  if (json)
    output.stdout(
      `${JSON.stringify(
        models.map(({ entry, facts }) => row(entry, facts)),
        null,
        2,
      )}\n`,
    )
  else output.stdout(models.map(({ entry, facts }) => paragraph(entry, facts, config.engine)).join('\n'))
  return models.every(({ facts }) => facts.failure === undefined)
}

function row(entry: ModelEntry, facts: ModelFacts): object {
  const { config, compiled, ...others } = facts
  return {
    id: entry.id,
    origin: describeOrigin(entry.origin),
    strategy: entry.strategy ?? null,
    ...config,
    ...others,
    compiled: compiled.map(({ key, bytes, lastUsed, manifest, isInUse, isForThisMachine }) => ({
      key,
      bytes,
      lastUsed,
      encoderFormat: manifest?.encoderFormat,
      decoderFormat: manifest?.decoderFormat,
      isForThisMachine,
      isInUse,
    })),
  }
}

function paragraph(entry: ModelEntry, facts: ModelFacts, settings: EngineSettings): string {
  const lines = [['from', describeOrigin(entry.origin)], ...linesOf(entry, facts, settings)]
  return `${entry.id}\n${lines.map(([label, text]) => `  ${label!.padEnd(13)} ${text}\n`).join('')}`
}

function linesOf(entry: ModelEntry, facts: ModelFacts, settings: EngineSettings): (readonly [string, string])[] {
  const { config, checkpointBytes, failure, nParameters = 0 } = facts
  if (failure !== undefined) return [['not usable', failure]]
  if (config === undefined) {
    return [['files', `not on this machine: 'paradox models pull ${entry.id}' brings them`]]
  }
  const { dModel, encoderHeads, encoderLayers, decoderLayers, nMels, vocabSize } = config
  const isLite = config.lowRank.length > 0
  const kind = isLite ? ', low-rank encoder (LiteASR)' : decoderLayers < encoderLayers ? ', distilled' : ''
  return [
    [
      'architecture',
      `${config.architecture}${kind}, ${(nParameters / 1e6).toFixed(nParameters < 1e7 ? 1 : 0)} M parameters`,
    ],
    [
      'layers',
      `encoder ${encoderLayers}, decoder ${decoderLayers}; width ${dModel}, ${encoderHeads} heads, ${nMels} mels`,
    ],
    ['vocabulary', `${vocabSize} tokens`],
    ...(isLite ? [['ranks', ranksText(facts)] as const] : []),
    ['languages', languagesText(entry, facts)],
    ['precision', precisionText(facts, settings)],
    ...(facts.precision ? [['measured', measurementText(facts.precision)] as const] : []),
    ['on disk', diskText(entry, checkpointBytes ?? 0, facts)],
    ['compiled', compiledText(entry, facts)],
    ['speed', speedLine(entry, facts)],
  ]
}

function ranksText({ ranks }: ModelFacts): string {
  return Object.entries(ranks)
    .map(([linear, { layers, smallest, largest }]) => `${linear} ${smallest} to ${largest} in ${layers} layers`)
    .join('; ')
}

const LANGUAGES_SHOWN = 20

function languagesText(entry: ModelEntry, { languages }: ModelFacts): string {
  const language = languageOf(entry)
  const fixed = language === undefined ? '' : `; ${languageName(language)} unless another is named`
  if (languages === undefined) return `unknown, since its tokenizer is not on this machine${fixed}`
  if (languages.length === 0) return 'English only'
  const first = languages.slice(0, LANGUAGES_SHOWN).join(' ')
  return `${languages.length}: ${first}${languages.length > LANGUAGES_SHOWN ? ' … (--json has all)' : ''}${fixed}`
}

function precisionText({ compiled }: ModelFacts, { dtype, device }: EngineSettings): string {
  const manifest = compiled.find(({ isForThisMachine }) => isForThisMachine)?.manifest
  if (manifest) return chosenText(manifest)
  if (dtype !== 'auto') return `${dtype}, by DTYPE`
  return device === 'auto' || device === 'cpu' ? 'by the processor, and measured when it is first loaded' : 'float32'
}

function diskText({ origin }: ModelEntry, checkpointBytes: number, { compiled }: ModelFacts): string {
  const compiledBytes = compiled.reduce((sum, { bytes }) => sum + bytes, 0)
  const files = `${sizeText(checkpointBytes)} ${origin.kind === 'folder' ? 'in that folder' : 'downloaded'}`
  return compiledBytes === 0 ? files : `${files}, ${sizeText(compiledBytes)} compiled`
}

function compiledText({ id }: ModelEntry, { compiled }: ModelFacts): string {
  const here = compiled.filter(({ isForThisMachine }) => isForThisMachine)
  const others = compiled.length - here.length
  const more = others > 0 ? `; ${others} more of other versions or machines` : ''
  if (here.length === 0) return `no: 'paradox models compile ${id}', or its first use, does it${more}`
  const inUse = here.some(({ isInUse }) => isInUse) ? ', loaded at this moment' : ''
  return `yes, for this machine${inUse}${more}`
}

function speedLine({ id }: ModelEntry, { speed }: ModelFacts): string {
  if (!speed) return `not measured yet: 'paradox bench ${id}' does it`
  const { timesRealTime, isSpeech, threads, measuredAt } = speed
  const what = isSpeech ? '' : ', on a generated sound'
  return `${speedText(timesRealTime)} (${measuredAt.slice(0, 10)}, ${threads} ${threads === 1 ? 'thread' : 'threads'}${what})`
}
