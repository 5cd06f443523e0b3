/** What the tests of the routes of other servers share: a service, what is said in it, and what its documents say. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, beforeEach } from 'node:test'
import { spokenSegment, transcriptionOf } from '../builders/transcriptions.ts'
import { type ScriptedTranscriber, scriptedTranscriber } from '../fakes/scripted-transcriber.ts'
import { FORM_TYPE } from './raw-http.ts'
import { type RunningService, startService } from './service.ts'

export const SPOKEN = transcriptionOf(
  [
    { ...spokenSegment(' Bom dia.', 0.5), tokens: [10, 11] },
    { ...spokenSegment(' Olá & até --> já.', 2), tokens: [12] },
  ],
  {
    languageProbability: 0.97,
    durationSeconds: 4.5,
    statistics: {
      windows: 1,
      removedSeconds: 0,
      contextRepeats: 0,
      temperatureRetries: 0,
      coverageRetries: 0,
      languageVotes: [
        ['pt', 0.97],
        ['gl', 0.02],
      ],
    },
  },
)
export const WITHOUT_WORDS = {
  ...SPOKEN,
  segments: SPOKEN.segments.map((segment) => ({ ...segment, words: undefined })),
}

export const SRT =
  '1\n00:00:00,500 --> 00:00:01,916\nBom dia.\n\n2\n00:00:02,000 --> 00:00:04,500\nOlá & até -> já.\n\n'
export const VTT =
  'WEBVTT\n\n1\n00:00:00.500 --> 00:00:01.916\nBom dia.\n\n2\n00:00:02.000 --> 00:00:04.500\nOlá &amp; até --&gt; já.\n\n'
export const TSV = 'start\tend\ttext\n500\t1500\tBom dia.\n2000\t4500\tOlá & até --> já.\n'

export interface DoorAnswer {
  readonly status: number
  readonly headers: Headers
  readonly type: string | null
  readonly text: string
}

export interface FormService {
  readonly transcriber: ScriptedTranscriber
  send(path: string, body: Buffer | string, type?: string): Promise<DoorAnswer>
  /** The answer is JSON with one sentence under a key, and no upload is left. */
  assertRefused(answer: Promise<DoorAnswer>, status: number, key: string, sentence: RegExp): Promise<void>
  uploads(): Promise<string[]>
}

/** A service with the default model `base`, for all tests of a file; each begins with `SPOKEN` as the answer. */
export function formService(): FormService {
  const transcriber = scriptedTranscriber()
  let service: RunningService
  before(async () => {
    service = await startService({ transcriber, env: { DEFAULT_MODEL_ID: 'base', MAX_UPLOAD_MB: '1' } })
  })
  after(() => service.close())
  beforeEach(() => {
    transcriber.requests.length = 0
    transcriber.script = async () => SPOKEN
  })
  return {
    transcriber,
    async send(path, body, type = FORM_TYPE) {
      const headers = { 'content-type': type }
      const response = await fetch(`${service.baseUrl}${path}`, { method: 'POST', headers, body })
      const text = await response.text()
      return { status: response.status, headers: response.headers, type: response.headers.get('content-type'), text }
    },
    async assertRefused(answer, status, key, sentence) {
      const { status: found, type, text } = await answer
      const body = JSON.parse(text) as Record<string, string>
      assert.equal(found, status, text)
      assert.equal(type, 'application/json')
      assert.deepEqual(Object.keys(body), [key])
      assert.match(body[key]!, sentence)
      assert.deepEqual(await service.uploads(), [])
    },
    uploads: () => service.uploads(),
  }
}

/** The names in the first column of the tables in one section of docs/api.md. */
export function documentedNames(heading: string): string[] {
  const document = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8')
  const [, section = ''] = document.split(`\n## ${heading}\n`)
  const rows = section.split(/\n## /, 1)[0]!.matchAll(/^\| (`[^|]+`) \|/gm)
  return Array.from(rows, ([, names]) => names!.match(/[a-z_]+/g)!).flat()
}
