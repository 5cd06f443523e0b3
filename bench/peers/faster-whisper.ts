/** The peer: faster-whisper from the Python package index, in a virtual environment of its own. */

import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pythonWith } from '../../test/helpers/judges/python-environment.ts'
import { ProcessGroup } from './process-group.ts'

const VERSION = '1.2.1'

export interface FasterWhisperJob {
  /** Folder of a CTranslate2 checkpoint. */
  readonly model: string
  readonly computeType: string
  readonly threads: number
  readonly isBatched: boolean
  readonly options: Readonly<Record<string, boolean | number>>
  readonly clips: readonly { readonly id: string; readonly path: string; readonly language: string | null }[]
}

/** The lines that faster_whisper_wer.py writes, as text: the first is about the run, then one per clip. */
export async function* runFasterWhisper(job: FasterWhisperJob, cacheDir: string): AsyncGenerator<string> {
  const python = pythonWith(join(cacheDir, 'peers', 'faster-whisper'), [`faster-whisper==${VERSION}`])
  const script = join(import.meta.dirname, 'faster_whisper_wer.py')
  await using group = await ProcessGroup.start(python, [script], { isAsked: true })
  group.input.end(JSON.stringify(job))
  yield* createInterface({ input: group.output })
  const how = await group.ended
  if (how !== 'exit code 0') throw new Error(`faster-whisper ended by ${how}; see above`)
}
