/** `/docs` and `/openapi.json` as a browser and a client generator see them. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Validator } from '@seriousme/openapi-schema-validator'
import packageJson from '../../package.json' with { type: 'json' }
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { type RunningService, startService } from '../helpers/rigs/service.ts'

/** Of the linter's recommended rules those that we do not keep, each with the reason. */
const RULES_NOT_KEPT: Readonly<Record<string, string>> = {
  'operation-4xx-response': 'what is answered from memory, such as /health, has no input that could be wrong',
}

interface MediaType {
  readonly schema: { readonly properties: Record<string, { readonly format?: string; readonly default?: string }> }
  readonly examples: Record<string, { readonly value: Record<string, unknown> }>
}
interface Operation {
  readonly operationId: string
  readonly requestBody: { readonly content: Record<string, MediaType> }
  readonly responses: Record<string, { readonly content: Record<string, MediaType> }>
}
interface ApiDocument {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Record<string, Record<string, Operation>>
}

describe('the description of the API', () => {
  let service: RunningService
  let api: ApiDocument
  const get = (path: string) => fetch(new URL(path, service.baseUrl))

  before(async () => {
    service = await startService({ transcriber: scriptedTranscriber(), env: { DEFAULT_MODEL_ID: 'base' } })
    api = (await (await get('/openapi.json')).json()) as ApiDocument
  })
  after(() => service.close())

  test('is a valid OpenAPI 3.1 document with the name of the service and its version', async () => {
    const result = await new Validator().validate(structuredClone(api) as unknown as Record<string, unknown>)
    assert.deepEqual(result.errors ?? [], [])
    assert.equal(result.valid, true)
    assert.match(api.openapi, /^3\.1\./)
    assert.equal(api.info.title, 'Paradox ASR API')
    assert.equal(api.info.version, packageJson.version)
    assert.ok(Number.parseInt(api.info.version, 10) >= 1, 'the service that this one replaces calls itself 1.0.0')
    assert.ok(api.paths['/health']?.get && api.paths['/transcribe']?.post)
  })

  test('has the same routes as docs/api.md', () => {
    const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
    for (const [path, operations] of Object.entries(api.paths)) {
      for (const method of Object.keys(operations)) {
        const named = `${method.toUpperCase()} ${path}`
        assert.ok(text.includes(`\`${named}\``) || text.includes(`## ${named}\n`), named)
      }
    }
  })

  test('keeps the recommended rules of a linter', async () => {
    const rules = Object.fromEntries(Object.keys(RULES_NOT_KEPT).map((rule) => [rule, 'off' as const]))
    const config = await createConfig({ extends: ['recommended'], rules })
    const problems = await lintFromString({ source: JSON.stringify(api), absoluteRef: '/openapi.json', config })
    const places = problems.map(
      ({ ruleId, message, location }) => `${ruleId}: ${message} (${location.map(({ pointer }) => pointer).join(', ')})`,
    )
    assert.deepEqual(places, [])
  })

  test('names every operation once, for clients that are generated', () => {
    const ids = Object.values(api.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.includes('postTranscribe'))
  })

  test('shows the form as multipart, with the default model of this service', () => {
    const form = api.paths['/transcribe']!.post!.requestBody.content['multipart/form-data']!.schema.properties
    assert.deepEqual(Object.keys(form).slice(0, 4), ['file', 'model_id', 'language', 'response_format'])
    assert.equal(form.file!.format, 'binary')
    assert.equal(form.model_id!.default, 'base')
  })

  test('has an example of every answer, each with the keys that the service sends', () => {
    const { responses } = api.paths['/transcribe']!.post!
    assert.deepEqual(Object.keys(responses), ['200', '400', '401', '408', '413', '429', '500', '503'])
    for (const [status, { content }] of Object.entries(responses)) {
      const examples = Object.values(content['application/json']!.examples)
      assert.ok(examples.length > 0)
      for (const { value } of examples) {
        const keys = status === '200' ? ['status', 'model_used', 'processing_time_sec', 'transcription'] : ['detail']
        assert.deepEqual(Object.keys(value), keys)
      }
    }
  })

  test('is shown by a page that gets everything it needs from this service', async () => {
    const page = await get('/docs')
    const html = await page.text()
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(html, /<title>Paradox ASR API<\/title>/)
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'self'/)
    assert.doesNotMatch(policy, /https?:|upgrade-insecure-requests/)
    const links = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, link]) => link!)
    assert.ok(links.length >= 5)
    for (const link of [...links, '/docs/json']) {
      assert.match(link, /^\//)
      const response = await get(link)
      assert.equal(response.status, 200, link)
      assert.ok((await response.arrayBuffer()).byteLength > 0)
    }
  })
})
