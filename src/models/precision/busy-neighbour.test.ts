/** The choice of the precision while other processes take the cores, caches and memory of this machine. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { type TestContext, test } from 'node:test'
import { tempFolder } from '../../../test/helpers/rigs/temp-folder.ts'
import { silentLogger } from '../../logger.ts'
import { keptTimes } from './format-times.ts'
import { machineIdentity, processorFeatures } from './machine.ts'
import { chooseFormats, eligibleFormats, type FormatOptions } from './precision.ts'

/** Multiplies and moves memory without end. */
const NEIGHBOUR = `
  const a = new Float64Array(4 * 1024 ** 2)
  process.stdout.write('busy')
  for (let n = 1; ; n++) for (let i = 0; i < a.length; i++) a[i] = a[(i * 4097) % a.length] * 0.999 + n`

async function busyNeighbours(t: TestContext, count: number): Promise<void> {
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', NEIGHBOUR], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  t.after(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  await Promise.all(children.map((child) => new Promise((resolve) => child.stdout.once('data', resolve))))
}

test('beside busy neighbours the processor decides, and a quiet machine is asked again', async (t) => {
  await busyNeighbours(t, 2 * availableParallelism())
  const cacheDir = tempFolder(t)
  const options: FormatOptions = {
    dtype: 'auto',
    session: { device: 'cpu', threads: 1 },
    width: 512,
    cacheDir,
    logger: silentLogger,
  }
  const eligible = eligibleFormats(processorFeatures())
  const preferred = { encoderFormat: eligible.encoder[0], decoderFormat: eligible.decoder[0] }
  assert.deepEqual(await chooseFormats(options), preferred)

  const key = { cacheDir, machine: machineIdentity(), width: 512 }
  const formats = [...new Set([...eligible.encoder, ...eligible.decoder])]
  assert.equal(keptTimes(formats, key)?.nBusy, 1, 'seen to be busy')
  assert.deepEqual(await chooseFormats(options), preferred)
  assert.equal(keptTimes(formats, key)?.nBusy, 2, 'measured again')
})
