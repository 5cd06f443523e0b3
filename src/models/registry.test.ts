import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { ModelUnknownError } from '../errors/index.ts'
import { languageOf, ModelRegistry } from './registry.ts'

test('a model is found by its id and by its alias, and an alias may name a hub repository', () => {
  const aliases = new Map([
    ['whisper-1', 'freds0'],
    ['turbo', 'openai/whisper-large-v3-turbo@main'],
  ])
  const registry = ModelRegistry.load({ aliases })
  assert.equal(registry.get('whisper-1'), registry.get('freds0'))
  assert.deepEqual(registry.get('turbo').origin, {
    kind: 'hub',
    repo: 'openai/whisper-large-v3-turbo',
    revision: 'main',
  })
})

test('of the hub a caller may name what the settings allow, at any revision, and nothing else', () => {
  const registry = ModelRegistry.load({ allowed: ['openai/whisper-*', 'Systran/faster-whisper-tiny'] })
  const origin = (name: string) => registry.find(name)?.origin
  assert.deepEqual(origin('openai/whisper-small'), { kind: 'hub', repo: 'openai/whisper-small', revision: 'main' })
  assert.deepEqual(origin('openai/whisper-tiny@refs/pr/1'), {
    kind: 'hub',
    repo: 'openai/whisper-tiny',
    revision: 'refs/pr/1',
  })
  assert.ok(origin('Systran/faster-whisper-tiny'))
  for (const name of [
    'openai/clip',
    'Systran/faster-whisper-tiny.en',
    'other/whisper-small',
    '/etc',
    '../x',
    'x@main',
  ]) {
    assert.equal(origin(name), undefined, name)
  }
  assert.throws(() => registry.get('other/whisper-small'), ModelUnknownError)
  assert.ok(ModelRegistry.load({ allowed: ['*'] }).find('any/thing'))
  assert.equal(ModelRegistry.load().find('any/thing'), undefined)
})

test('two revisions of a repository are two models', () => {
  const registry = ModelRegistry.load({ allowed: ['*'] })
  assert.notEqual(registry.get('a/b@v1').id, registry.get('a/b@v2').id)
})

test("the service's language is that of every model which has none of its own, however it is named", (t) => {
  const folder = tempFolder(t)
  const file = join(folder, 'models.json')
  const models = {
    spanish: { repo: 'a/b', strategy: 'whisper', language: 'es' },
    detecting: { repo: 'a/b', strategy: 'whisper', language: 'auto' },
    other: { repo: 'a/b', strategy: 'whisper' },
  }
  writeFileSync(file, JSON.stringify(models))
  const settings = { file, allowed: ['a/*'], aliases: new Map([['short', 'somebody/long']]) }
  const languages = (defaultLanguage: string | undefined) => {
    const registry = ModelRegistry.load({ ...settings, defaultLanguage })
    const names = ['freds0', 'spanish', 'detecting', 'other', 'base', 'a/c', 'short', folder, 'x/y']
    return names.map((name) => languageOf(registry.resolve(name)))
  }
  assert.deepEqual(languages('gl'), ['pt', 'es', undefined, 'gl', 'gl', 'gl', 'gl', 'gl', 'gl'])
  assert.deepEqual(languages(undefined), ['pt', 'es', ...Array(7).fill(undefined)])
})
