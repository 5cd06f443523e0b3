/** Preloading with real engines: ready means that the model has decoded something. */

import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Preload } from '../../src/engine/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { never, tinyEngines } from '../helpers/rigs/tiny-engines.ts'

const { withPool, folder } = tinyEngines()

test('a model whose files come late is ready when they have come, and the others before', async () => {
  await withPool({ maxLoadedModels: 2 }, async (pool) => {
    const missing = join(folder, 'missing')
    renameSync(join(folder, 'a'), missing)
    let nPauses = 0
    const wait = async () => {
      nPauses++
      assert.match(preload.whyNotReady() ?? '', /^Model 'a' could not be loaded/)
      assert.doesNotMatch(preload.whyNotReady() ?? '', /\//, 'no path')
      assert.equal(preload.states.get('b')!.state, 'ready')
      renameSync(missing, join(folder, 'a'))
    }
    const preload = new Preload({
      models: ['a', 'b'],
      transcriber: pool,
      tempDir: join(folder, 'temp'),
      logger: silentLogger,
      wait,
    })
    await preload.run(never)
    assert.equal(nPauses, 1)
    assert.deepEqual(
      pool.engines().map(({ modelId, state }) => `${modelId} ${state}`),
      ['b loaded', 'a loaded'],
    )
  })
})
