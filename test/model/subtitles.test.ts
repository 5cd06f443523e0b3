/** Subtitles of long recordings, with real weights: no cue is too long, too wide, too short or on top of another one. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { baseFolder, cacheFolder } from '../helpers/data/real-models.ts'
import { anyRecordings } from '../helpers/data/recordings.ts'
import { faultsOf } from '../helpers/judges/subtitle-limits.ts'
import { readSrt } from '../helpers/judges/subtitle-readers.ts'
import { paradox } from '../helpers/rigs/command-line.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

const base = baseFolder()
const { recordings, absent } = anyRecordings()
/** Sentences of ten seconds and more; of French, Italian and Japanese where those recordings are here, else the longest. */
const LONG = ['az-fr-fr-train-audio1', 'az-it-it-train-audio1', 'az-ja-jp-testi-audio']
const known = recordings.filter(({ id }) => LONG.includes(id))
const chosen =
  known.length > 0 ? known : recordings.toSorted((a, b) => b.durationSeconds - a.durationSeconds).slice(0, 2)

for (const timestamps of ['align', 'tokens']) {
  test(`with timestamps=${timestamps} no cue has a fault`, { skip: base.skip || (absent ?? false) }, async (t) => {
    const cwd = tempFolder(t)
    const paths = chosen.slice(0, timestamps === 'align' ? chosen.length : 1).map(({ path }) => path)
    const args = ['--model', base.folder, '--timestamps', timestamps, '--format', 'srt', '--output-dir', 'out']
    const env = { PARADOX_CACHE_DIR: cacheFolder() }
    const { code, stderr } = await paradox(['transcribe', ...args, ...paths], { cwd, env })
    assert.equal(code, 0, stderr)
    const files = readdirSync(join(cwd, 'out'))
    assert.equal(files.length, paths.length)
    for (const file of files) {
      const cues = readSrt(readFileSync(join(cwd, 'out', file), 'utf8'))
      const recording = chosen.find(({ path }) => path.includes(file.replace(/\.srt$/, '')))
      assert.ok(cues.length > (recording?.durationSeconds ?? 0) / 7, `${file}: ${cues.length} cues`)
      assert.deepEqual(faultsOf(cues, 1000 * (recording?.durationSeconds ?? Number.POSITIVE_INFINITY) + 100), [])
    }
  })
}
