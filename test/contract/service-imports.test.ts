/** What the service process loads: never the runtime, whose memory would stay when a model is gone. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'

const SRC = resolve(import.meta.dirname, '../../src')

/** Addresses of everything that a new process loads when it imports these files of `src/`. */
function loadedBy(...files: readonly string[]): string[] {
  const program = `
    const { registerHooks } = await import('node:module')
    registerHooks({ load: (url, context, next) => { console.log(url); return next(url, context) } })
    for (const file of ${JSON.stringify(files.map((file) => resolve(SRC, file)))}) await import(file)
  `
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  return output.trim().split('\n')
}

const isRuntime = (url: string) => url.includes('/onnxruntime-') || url.includes('/src/inference/')

test('the service and the command line never load the runtime', () => {
  const folders = ['transcription', 'watch', 'models', 'machine', 'bench', 'completion', 'remote']
  const commands = globSync(`cli/{${folders.join(',')}}/*.ts`, { cwd: SRC, exclude: ['**/*.test.ts'] })
  assert.ok(commands.length > folders.length)
  const loaded = loadedBy('http/index.ts', 'engine/index.ts', 'cli/serve.ts', 'cli/program.ts', ...commands)
  assert.ok(loaded.some((url) => url.endsWith('/src/engine/pool.ts')))
  assert.deepEqual(loaded.filter(isRuntime), [])
})

test('the engine process does load it', () => {
  const loaded = loadedBy('models/index.ts')
  assert.ok(loaded.some((url) => url.includes('/onnxruntime-node/')))
})
