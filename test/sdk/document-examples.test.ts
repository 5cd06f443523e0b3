/**
 * The commands of README.md and docs/ that call the service, run as they stand there against one on real weights: each
 * succeeds, and answers what the document shows beside it.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { ModelRegistry } from '../../src/models/registry.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { ENGLISH_RECORDING, noSample } from '../helpers/data/english-sample.ts'
import { baseFolder, cacheFolder, linkCompiled } from '../helpers/data/real-models.ts'
import { type HubServer, startHubServer } from '../helpers/fakes/hub-server.ts'
import {
  DOCUMENTED_ADDRESS,
  differences,
  documentedJson,
  type Example,
  examplesOf,
} from '../helpers/judges/document-examples.ts'
import { pythonJudges } from '../helpers/judges/python-judges.ts'
import { type ServiceProcess, startServiceProcess } from '../helpers/rigs/service-process.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const DOCUMENTS = ['README.md', ...globSync('docs/{,pt/}*.md', { cwd: ROOT })].sort()
const EXAMPLES = new Map(DOCUMENTS.map((file) => [file, examplesOf(readFileSync(join(ROOT, file), 'utf8'))]))
const base = baseFolder()
const judges = pythonJudges()

test('the README and the description of the API show how the service is called', () => {
  for (const file of ['README.md', 'docs/api.md']) assert.ok(EXAMPLES.get(file)!.length > 0, file)
})

describe('an example of the documents', { skip: base.skip || noSample, concurrency: 1 }, () => {
  const folder = new TempFolder()
  let hub: HubServer
  let service: ServiceProcess

  before(async () => {
    copyFileSync(ENGLISH_RECORDING, folder.file('clip.wav')) // that of `make demo`, whose answer the README shows
    hub = await hubOfRandomModels(folder)
    service = await startServiceProcess({
      DEFAULT_MODEL_ID: 'base',
      ALLOWED_MODELS: '*',
      MAX_LOADED_MODELS: '2',
      TEMP_DIR: folder.path,
      // Caches of its own: an example may download models and delete them.
      PARADOX_CACHE_DIR: cacheWithBase(folder),
      HF_HOME: folder.file('hub-cache'),
      HF_ENDPOINT: hub.endpoint,
    })
  })
  after(async () => {
    await service?.stop()
    await hub?.[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  for (const [file, examples] of EXAMPLES) {
    for (const example of examples) {
      const skip = example.language === 'python' && judges.skip
      test(`${file}:${example.line} answers as documented: ${firstLine(example)}`, { skip }, async () => {
        makeFiles(example, folder)
        const documented = documentedJson(example.answer ?? '')
        const output = await run(example, isError(documented?.value))
        assert.match(output, /\S/)
        if (!documented) return
        const answer: unknown = JSON.parse(output)
        assert.deepEqual(differences(answer, documented.value, documented.isPartial), [], output)
      })
    }
  }

  /** What it writes to standard output; fails where the command does. */
  async function run({ command, language }: Example, isRefusal: boolean): Promise<string> {
    const here = command.replaceAll(DOCUMENTED_ADDRESS, service.baseUrl)
    // A refusal is answered with a status that curl is not to take for a failure of its own.
    const curl = here.replace(/^curl /, isRefusal ? 'curl -sS ' : 'curl -sS --fail-with-body ')
    const [program, ...args] = language === 'sh' ? ['sh', '-c', curl] : [judges.python, '-c', here]
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder.path })
    return stdout
  }
})

function firstLine({ command }: Example): string {
  return command.split('\n').find((line) => !/^(from|import) /.test(line)) ?? command
}

function isError(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('error' in value || 'detail' in value)
}

/** The files that the command names, made of the clip. */
function makeFiles({ command }: Example, folder: TempFolder): void {
  for (const [, name] of command.matchAll(/(?:@"?|open\(")([\w.-]+)/g)) {
    if (!existsSync(folder.file(name!))) folder.make(name!, ['-i', folder.file('clip.wav')])
  }
}

/** Real weights of base where the service looks for them, and nothing else. */
function cacheWithBase(folder: TempFolder): string {
  const cache = folder.file('cache')
  const target = join(cache, 'package-index', 'whisper-base')
  mkdirSync(target, { recursive: true })
  // Links, so that what an example may delete is not what the other tests need.
  for (const name of readdirSync(base.folder)) symlinkSync(join(base.folder, name), join(target, name))
  linkCompiled(cacheFolder(), cache)
  return cache
}

/** Every repository that the registry and the examples name, with small random weights. */
async function hubOfRandomModels(folder: TempFolder): Promise<HubServer> {
  const checkpoint = folder.file('random-model')
  writeRandomCheckpoint(checkpoint, tinyShape())
  const registered = ModelRegistry.load()
    .list()
    .flatMap(({ origin }) => (origin.kind === 'hub' ? [origin.repo] : []))
  const named = [...EXAMPLES.values()].flat().flatMap(({ command }) => {
    const ids = command.matchAll(/\/(?:v1\/models|api\/ps)\/([\w.%/-]+)/g)
    return Array.from(ids, ([, id]) => decodeURIComponent(id!)).filter((id) => id.includes('/'))
  })
  const repositories = Object.fromEntries([...registered, ...named].map((repo) => [repo, checkpoint]))
  return await startHubServer({ repositories })
}
