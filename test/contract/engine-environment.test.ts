/** What an engine leaves outside of its own folders. */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { loadOnce } from '../../src/engine/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

test('neither a first load nor a later one leaves a file in the temporary folder: the runtime counts nobody', async (t) => {
  const root = tempFolder(t)
  const path = join(root, 'tiny')
  writeRandomCheckpoint(path, tinyShape())
  const temporary = join(root, 'temporary')
  mkdirSync(temporary)
  const { TMPDIR, ORT_DISABLE_TELEMETRY } = process.env
  delete process.env.ORT_DISABLE_TELEMETRY
  delete process.env.NODE_COMPILE_CACHE // so that the engine has its own, in its own folder
  process.env.TMPDIR = temporary
  t.after(() =>
    Object.assign(process.env, { TMPDIR: TMPDIR ?? '' }, ORT_DISABLE_TELEMETRY && { ORT_DISABLE_TELEMETRY }),
  )

  const { engine: settings } = readConfig({ PARADOX_CACHE_DIR: join(root, 'cache'), THREADS: '1' })
  const origin = { kind: 'folder', path } as const
  const entry = { id: 'tiny', origin, strategy: undefined, language: undefined, tokenizer: undefined }
  for (let load = 0; load < 2; load++) {
    await loadOnce({ entry, settings, logger: silentLogger, signal: new AbortController().signal })
    assert.deepEqual(readdirSync(temporary), [])
  }
})
