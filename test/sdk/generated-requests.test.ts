/**
 * Requests that schemathesis makes from our own description of the API, right ones and wrong ones: each is answered as
 * the description says. The transcriber is scripted, so nothing but the input can be at fault.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { pythonJudges } from '../helpers/python-judges.ts'
import { startScriptedProcess } from '../helpers/scripted-process.ts'
import { uploadsIn } from '../helpers/service.ts'
import { tempFolder } from '../helpers/temp-folder.ts'

const MAX_EXAMPLES = 20
const SEED = 1
const CHECKS = [
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
]
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

const judges = pythonJudges()

test('no generated request is answered otherwise than the description says', { skip: judges.skip }, async (t) => {
  const folder = tempFolder(t)
  const tempDir = `${folder}/temp`
  mkdirSync(tempDir)
  await using service = await startScriptedProcess({
    DEFAULT_MODEL_ID: 'base',
    TEMP_DIR: tempDir,
    // Whatever a route may fetch or delete, it finds nothing.
    PARADOX_CACHE_DIR: `${folder}/cache`,
    HF_HOME: `${folder}/hub`,
    HF_HUB_OFFLINE: '1',
    PIP_NO_INDEX: '1',
  })
  const { log } = await generate(t, `${service.baseUrl}/openapi.json`, folder)

  const answers = log.entries.map(({ request, response }) => ({
    route: new URL(request.url).pathname,
    what: `${request.method} ${new URL(request.url).pathname}: ${response.status} ${response.content.text ?? ''}`,
    status: response.status,
  }))
  // Documented ones of 5xx are left to the checks of the generator; a defect of ours says so in its answer.
  const defects = answers.filter(({ status, what }) => status >= 500 && /unexpected failure/.test(what))
  assert.deepEqual(
    defects.map(({ what }) => what),
    [],
  )
  for (const route of FORM_ROUTES) {
    const statuses = new Set(answers.filter((answer) => answer.route === route).map(({ status }) => status))
    assert.ok(statuses.has(200) && statuses.has(400), `${route} was met by requests of both kinds`)
    assert.ok(!statuses.has(500), `${route}: the transcriber never fails, so nothing may`)
  }
  assert.equal((await fetch(`${service.baseUrl}/health`)).status, 200)
  assert.deepEqual(await uploadsIn(tempDir), [])
})

/** Runs schemathesis; what it complains about is the test's failure. */
async function generate(t: TestContext, url: string, folder: string): Promise<Archive> {
  const archive = `${folder}/requests.har`
  const args = ['-m', 'schemathesis.cli', 'run', url, '--no-color', '--continue-on-failure', '--workers', '1']
  args.push('--max-examples', String(MAX_EXAMPLES), '--seed', String(SEED), '--checks', CHECKS.join(','))
  args.push('--report', 'har', '--report-har-path', archive)
  const child = spawn(judges.python, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  t.diagnostic(/^ +(\d+ generated.*)$/m.exec(output)?.[1] ?? 'no summary')
  assert.equal(code, 0, output)
  return JSON.parse(readFileSync(archive, 'utf8')) as Archive
}
