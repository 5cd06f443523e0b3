/** Whether a model can be opened as it is on this machine, against what a real load leaves there. */

import assert from 'node:assert/strict'
import { readdirSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type EngineSettings, readConfig } from '../../src/config.ts'
import { silentLogger } from '../../src/logger.ts'
import { isReady } from '../../src/models/readiness.ts'
import { never, tinyEngines } from '../helpers/rigs/tiny-engines.ts'

const { withPool, resolve, folder } = tinyEngines()

test('a model is ready once it was loaded, for the device and the precision that it was loaded for', async () => {
  for (const dtype of ['int8', 'auto'] as const) {
    const cacheDir = join(folder, dtype)
    const settings: EngineSettings = { ...readConfig({ THREADS: '1' }).engine, cacheDir, dtype }
    const ready = (changes: Partial<EngineSettings> = {}, id = 'a') =>
      isReady(resolve(id), { ...settings, ...changes }, { signal: never, logger: silentLogger })
    assert.equal(await ready(), false)
    await withPool({ settings }, (pool) => pool.load('a', never))
    assert.equal(await ready(), true)
    assert.equal(await ready({ dtype: 'encoder=blocks8,decoder=float32' }), false)
    assert.equal(await ready({ device: 'cuda:0', dtype: 'auto' }), false)
    assert.equal(await ready({ device: 'webgpu', dtype: 'auto' }), false)
    assert.equal(await ready({}, 'b'), false)
    assert.equal(await ready({}, 'broken'), false)

    const compiled = join(cacheDir, 'compiled')
    const key = readdirSync(compiled).find((name) => /^[0-9a-f]{32}$/.test(name))!
    truncateSync(join(compiled, key, 'decoder.weights'), 100)
    await assert.rejects(ready(), /not what its manifest says/)
    rmSync(join(compiled, key), { recursive: true })
    assert.equal(await ready(), false)
  }
})
