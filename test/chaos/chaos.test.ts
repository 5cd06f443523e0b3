/**
 * A service under load to which everything happens that happens to machines. Every request is answered, or its connection
 * ends; no process, no file and no text too many is left; afterwards it works, with the memory and the files it had.
 *
 * Two minutes by default; `make chaos` takes ten. What strikes when depends on the seed, which the test tells.
 */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { randomSource, tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { cacheFolder, linkCompiled, tinyEnFolder } from '../helpers/data/real-models.ts'
import { noSpeech, spoken } from '../helpers/data/spoken.ts'
import { smallDisk } from '../helpers/rigs/small-disk.ts'
import { skipped } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'
import { type Client, clientsOf, type Outcome } from './clients.ts'
import { faultsOf } from './faults.ts'
import { Served } from './served.ts'

const SECONDS = Number(process.env.CHAOS_SECONDS ?? 120)
const SEED = process.env.CHAOS_SEED ?? 'chaos'
const N_CLIENTS = 5
const MODELS = ['tiny', 'random']
/** Of the kinds of clients, those at the head of the list. */
const N_WAITING = 4
const MB = 1024 ** 2
/** What a service may have more after all this than after its first requests: garbage not yet collected. */
const GROWTH = 60 * MB
/** Connections that the clients keep are among them. */
const MORE_FILES = 20
/** Of the recording whose text is streamed: several segments, and soon done. */
const LONG_SECONDS = 25

const model = tinyEnFolder()
const skip =
  model.skip || noSpeech || (process.platform === 'linux' ? false : skipped('machine', 'needs /proc and prlimit'))

test('whatever happens to it, the service answers, ends and cleans up', { skip }, async (t) => {
  const { env, places, recordings } = surroundings(t)
  await using served = await Served.start(env)
  const clients = clientsOf(recordings)
  await allWork(served, clients)
  const before = { bytes: served.residentBytes, files: served.openFiles }

  const end = performance.now() + SECONDS * 1000
  const faults = faultsOf(served, places)
  const struck = new Map<string, number>()
  const strike = async () => {
    const random = randomSource(`${SEED} faults`)
    while (performance.now() < end) {
      const fault = faults[Math.floor(random() * faults.length)]!
      if (await fault.strike(random)) struck.set(fault.name, (struck.get(fault.name) ?? 0) + 1)
      await setTimeout(200 + random() * 1500)
    }
  }
  const work = async (number: number): Promise<Outcome[]> => {
    const random = randomSource(`${SEED} client ${number}`)
    const outcomes: Outcome[] = []
    while (performance.now() < end) {
      const client = clients[Math.floor(random() * clients.length)]!
      outcomes.push(await client.run(served.baseUrl, random))
    }
    return outcomes
  }
  const [outcomes] = await Promise.all([
    Promise.all(Array.from({ length: N_CLIENTS }, (_, number) => work(number))).then((all) => all.flat()),
    strike(),
  ])
  tell(t, struck, outcomes)
  assert.deepEqual(
    outcomes.filter(({ problem }) => problem !== undefined),
    [],
  )
  assert.equal(served.child.exitCode, null, 'the service itself is there')

  await afterwards(t, served, clients, before)
  await places.noFileIsLeft()
  await gracefulEnd(served, clients)
  await untilNone(served)
})

interface Before {
  readonly bytes: number
  readonly files: number
}

/** The clients that wait for an answer get it, one after the other. */
async function allWork(served: Served, clients: readonly Client[]): Promise<void> {
  for (const client of clients.slice(0, N_WAITING)) {
    const { status, seconds, problem } = await client.run(served.baseUrl, () => 0)
    assert.deepEqual([client.name, status, problem], [client.name, 200, undefined], `after ${seconds} s`)
  }
}

/** Everything works, and nothing has grown. */
async function afterwards(t: TestContext, served: Served, clients: readonly Client[], before: Before): Promise<void> {
  await until(() => served.answers('/readyz'), 'a service that is ready again')
  // A model whose loads have failed is not tried for a while, unless it is asked for by name.
  for (const model of MODELS) await fetch(`${served.baseUrl}/api/ps/${model}`, { method: 'POST' })
  await allWork(served, clients)
  for (const model of MODELS) await fetch(`${served.baseUrl}/api/ps/${model}`, { method: 'DELETE' })
  await until(() => served.processes().length === 0, 'no process but the service')
  const isBack = () => served.residentBytes <= before.bytes + GROWTH && served.openFiles <= before.files + MORE_FILES
  await until(isBack, 'memory and files are back')
  const mb = (bytes: number) => Math.round(bytes / MB)
  t.diagnostic(
    `memory ${mb(before.bytes)} MB, then ${mb(served.residentBytes)}; files ${before.files}, then ${served.openFiles}`,
  )
}

/** What runs when the whole group is told to end is answered. */
async function gracefulEnd(served: Served, clients: readonly Client[]): Promise<void> {
  const [wav, encoded] = clients
  await encoded!.run(served.baseUrl, () => 0) // the model is loaded
  const running = [wav!, encoded!, encoded!].map((client) => client.run(served.baseUrl, () => 0))
  await until(() => served.processes().some(({ command }) => /ffmpeg/.test(command)), 'an ffmpeg at work')
  served.signalGroup('SIGTERM')
  for (const { client, status, problem } of await Promise.all(running)) {
    assert.deepEqual([client, status, problem], [client, 200, undefined])
  }
  await served.ended()
  assert.equal(served.child.exitCode, 0)
}

async function untilNone(served: Served): Promise<void> {
  await until(() => served.survivors().length === 0, 'no process is left')
}

function tell(t: TestContext, struck: ReadonlyMap<string, number>, outcomes: readonly Outcome[]): void {
  t.diagnostic(`seed '${SEED}': ${[...struck].map(([name, times]) => `${name} ${times} times`).join(', ')}`)
  const statuses = new Map<string, number>()
  for (const { client, status } of outcomes) {
    const key = `${client} ${status ?? 'ended'}`
    statuses.set(key, (statuses.get(key) ?? 0) + 1)
  }
  t.diagnostic(
    [...statuses]
      .map(([key, times]) => `${key}: ${times}`)
      .sort()
      .join(', '),
  )
  t.diagnostic(`longest: ${Math.max(...outcomes.map(({ seconds }) => seconds)).toFixed(1)} s`)
}

function surroundings(t: TestContext) {
  const folder = new TempFolder()
  const { path: root } = folder
  const cacheDir = join(root, 'cache')
  linkCompiled(cacheFolder(), cacheDir)
  mkdirSync(join(cacheDir, 'compiled'), { recursive: true })
  writeRandomCheckpoint(join(root, 'random'), tinyShape({ encoderLayers: 1, decoderLayers: 1 }))
  writeFileSync(
    join(root, 'models.json'),
    JSON.stringify({
      tiny: { path: model.folder, strategy: 'whisper' },
      random: { path: join(root, 'random'), strategy: 'whisper', language: 'pt' },
    }),
  )
  const small = smallDisk(join(root, 'small'), 'size=24m')
  t.after(() => {
    small?.[Symbol.dispose]()
    folder[Symbol.dispose]()
  })
  const tempDir = join(root, small ? 'small' : 'temp')
  mkdirSync(tempDir, { recursive: true })

  const encoded = folder.make('encoded.mp3', ['-i', spoken.english.path, '-c:a', 'libmp3lame'])
  const long = folder.make('long.ogg', ['-i', spoken.longEnglish, '-t', String(LONG_SECONDS)])
  const uploads = () => readdirSync(tempDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return {
    env: {
      MODELS_FILE: join(root, 'models.json'),
      DEFAULT_MODEL_ID: 'tiny',
      PARADOX_CACHE_DIR: cacheDir,
      TEMP_DIR: tempDir,
      DEVICE: 'cpu',
      LOG_LEVEL: 'info',
      RETRY_GRACE_SECONDS: '1', // work for those who leave is a load that proves nothing
    },
    places: {
      smallTempDir: small ? tempDir : undefined,
      cacheDir,
      noFileIsLeft: () => until(() => uploads().length === 0, 'no recording is left on the disk'),
    },
    recordings: {
      short: { path: spoken.short[1], said: /forward/i },
      encoded: { path: encoded, said: spoken.english.said },
      long,
    },
  }
}
