/**
 * Requests that schemathesis makes from our own description of the API, right ones and wrong ones: each is answered as
 * the description says. The transcriber is scripted, so nothing but the input can be at fault.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { startScriptedProcess } from '../helpers/fakes/scripted-process.ts'
import { pythonJudges } from '../helpers/judges/python-judges.ts'
import { uploadsIn } from '../helpers/rigs/service.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

const MAX_EXAMPLES = 20
const SEED = 1
/** Those of the generator; statuses are compared here, since it cannot be told that any route may be answered 431. */
const CHECKS = ['content_type_conformance', 'response_headers_conformance', 'response_schema_conformance']
/** Of the parser of HTTP, before a route is looked for: a query may be longer than a head is allowed to be. */
const HEAD_TOO_LARGE = 431
/** The one failure that POST /transcribe has always answered with 500, and that a request alone can cause. */
const EMPTY_FILE = /The file is empty/
const FORM_ROUTES = ['/transcribe', '/v1/audio/transcriptions', '/v1/audio/translations', '/v1/audio/detect-language']

/** The part of HTTP Archive 1.2 that is read here. */
interface Archive {
  readonly log: {
    readonly entries: readonly {
      readonly request: { readonly method: string; readonly url: string }
      readonly response: { readonly status: number; readonly content: { readonly text?: string } }
    }[]
  }
}

interface Answer {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly body: string
}

interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>
}

const judges = pythonJudges()

test('no generated request is answered otherwise than the description says', { skip: judges.skip }, async (t) => {
  const folder = tempFolder(t)
  const tempDir = join(folder, 'temp')
  mkdirSync(tempDir)
  await using service = await startScriptedProcess({
    DEFAULT_MODEL_ID: 'base',
    TEMP_DIR: tempDir,
    // Whatever a route may fetch or delete, it finds nothing.
    PARADOX_CACHE_DIR: join(folder, 'cache'),
    HF_HOME: join(folder, 'hub'),
    HF_HUB_OFFLINE: '1',
    PIP_NO_INDEX: '1',
  })
  const address = `${service.baseUrl}/openapi.json`
  const answers = await generate(t, address, folder)

  const documented = statusesOf((await (await fetch(address)).json()) as ApiDocument)
  const isAsDocumented = ({ method, path, status, body }: Answer) =>
    status === HEAD_TOO_LARGE || (documented(method, path, status) && (status !== 500 || EMPTY_FILE.test(body)))
  const wrong = answers.filter((answer) => !isAsDocumented(answer))
  assert.deepEqual(
    wrong.map(({ method, path, status, body }) => `${method} ${path}: ${status} ${shorter(body)}`),
    [],
  )
  for (const route of FORM_ROUTES) {
    const statuses = new Set(answers.filter(({ path }) => path === route).map(({ status }) => status))
    assert.ok(statuses.has(200) && statuses.has(400), `${route} was met by requests of both kinds`)
  }
  assert.equal((await fetch(`${service.baseUrl}/health`)).status, 200)
  assert.deepEqual(await uploadsIn(tempDir), [])
})

/** Runs schemathesis; what it complains about is the test's failure. */
async function generate(t: TestContext, address: string, folder: string): Promise<Answer[]> {
  const archive = join(folder, 'requests.har')
  const args = ['-m', 'schemathesis.cli', 'run', address, '--no-color', '--continue-on-failure', '--workers', '1']
  args.push('--max-examples', String(MAX_EXAMPLES), '--seed', String(SEED), '--checks', CHECKS.join(','))
  args.push('--report', 'har', '--report-har-path', archive)
  const child = spawn(judges.python, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  t.diagnostic(/^ +(\d+ generated.*)$/m.exec(output)?.[1] ?? 'no summary')
  assert.equal(code, 0, shorter(output))

  const { log } = JSON.parse(readFileSync(archive, 'utf8')) as Archive
  return log.entries.map(({ request: { method, url }, response: { status, content } }) => {
    return { method, path: new URL(url).pathname, status, body: content.text ?? '' }
  })
}

/** Whether a status is in the description; of a method that is not, every refusal is as it should be. */
function statusesOf({ paths }: ApiDocument): (method: string, path: string, status: number) => boolean {
  const templates = Object.entries(paths).map(([template, operations]) => {
    const pattern = template.replaceAll(/[.*+?^$()[\]\\|]/g, '\\$&').replaceAll(/\{[^}]+\}/g, '.*')
    return { pattern: new RegExp(`^${pattern}$`), operations }
  })
  return (method, path, status) => {
    const operation = templates.find(({ pattern }) => pattern.test(path))?.operations[method.toLowerCase()]
    return operation ? String(status) in operation.responses : status >= 400 && status < 500
  }
}

/** Generated values can be as long as a head. */
function shorter(output: string): string {
  return output.replaceAll(/^(.{300}).+$/gm, '$1…')
}
