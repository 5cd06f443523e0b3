import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import type { HubFault } from '../../test/helpers/fakes/hub-server.ts'
import { CHECKPOINT, type HubRig, hubRig, REPO } from '../../test/helpers/rigs/hub-rig.ts'
import { skipped } from '../../test/helpers/skip.ts'
import { CheckpointCorruptError, DiskFullError, HubNotFoundError, HubUnreachableError } from '../errors/index.ts'
import { askHub } from './hub-request.ts'
import { type DownloadProgress, type ResolveOptions, resolveCheckpointFolder } from './index.ts'

const source = { origin: { kind: 'hub', repo: REPO, revision: 'main' }, tokenizer: undefined } as const
const WEIGHTS = CHECKPOINT['model.safetensors']!

/** Ranges that the content network was asked for; undefined is the whole file. */
function ranges({ server }: HubRig): (string | undefined)[] {
  return server.requests.filter(({ host }) => host === 'content network').map(({ headers }) => headers.range)
}

function startOf(range: string | undefined): number {
  return Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1])
}

async function weightsIn({ folder }: { folder: string }): Promise<Buffer> {
  return readFile(join(folder, 'model.safetensors'))
}

/** A cut that comes once the client has read `bytes` of the weights, and the options by which it tells. */
function cutAfter(bytes: number, { options }: HubRig): { fault: HubFault; options: ResolveOptions } {
  const arrived = Promise.withResolvers<void>()
  const onProgress = ({ file, doneBytes }: DownloadProgress) => {
    if (file === 'model.safetensors' && doneBytes >= bytes) arrived.resolve()
  }
  return { fault: { cutAfterBytes: bytes * 2, when: arrived.promise }, options: { ...options, onProgress } }
}

test('a download that is cut goes on where it was cut', async (t) => {
  const rig = await hubRig(t)
  const { fault, options } = cutAfter(70_000, rig)
  const faults = [fault]
  rig.server.intercept = ({ host }) => (host === 'content network' ? faults.shift() : undefined)
  assert.deepEqual(await weightsIn(await resolveCheckpointFolder(source, options)), WEIGHTS)
  const [first, second, ...more] = ranges(rig)
  assert.deepEqual([first, more], [undefined, []])
  assert.ok(startOf(second) > 60_000, second)
})

test('a later call goes on where an earlier one gave up', async (t) => {
  const rig = await hubRig(t)
  const { fault, options } = cutAfter(70_000, rig)
  const faults = [fault]
  rig.server.intercept = ({ host }) => (host === 'content network' ? (faults.shift() ?? { status: 503 }) : undefined)
  await assert.rejects(resolveCheckpointFolder(source, options), HubUnreachableError)
  assert.deepEqual(rig.pauses, [500, 1000, 2000, 4000]) // after the cut and four refusals; the fifth ends it
  rig.server.intercept = () => undefined
  rig.server.requests.length = 0
  assert.deepEqual(await weightsIn(await resolveCheckpointFolder(source, rig.options)), WEIGHTS)
  assert.ok(startOf(ranges(rig)[0]) > 60_000)
})

test('contents with another checksum never reach the cache', async (t) => {
  const rig = await hubRig(t)
  rig.server.intercept = ({ host }) => (host === 'content network' ? { corrupt: true } : undefined)
  await assert.rejects(resolveCheckpointFolder(source, rig.options), CheckpointCorruptError)
  const blobs = await readdir(join(rig.hubCache, 'models--somebody--whisper-test', 'blobs'))
  assert.ok(!blobs.some((name) => name.startsWith(rig.server.etagOf(REPO, 'model.safetensors'))), blobs.join())

  // A small file is checked too, by git's own hash.
  rig.server.intercept = ({ path }) => (path.endsWith('config.json') ? { corrupt: true } : undefined)
  const elsewhere = { ...rig.options, hub: { ...rig.options.hub, cacheDir: `${rig.hubCache}-2` } }
  await assert.rejects(resolveCheckpointFolder(source, elsewhere), CheckpointCorruptError)
})

test('what a damaged earlier attempt left is fetched again from the beginning', async (t) => {
  const rig = await hubRig(t)
  const { fault, options } = cutAfter(70_000, rig)
  const faults: HubFault[] = [fault, { status: 404 }, { corrupt: true }]
  rig.server.intercept = ({ host }) => (host === 'content network' ? faults.shift() : undefined)
  await assert.rejects(resolveCheckpointFolder(source, options), HubNotFoundError) // leaves the first part
  assert.deepEqual(await weightsIn(await resolveCheckpointFolder(source, rig.options)), WEIGHTS)
  const [, , resumed, afresh] = ranges(rig)
  assert.ok(startOf(resumed) > 60_000)
  assert.equal(afresh, undefined)
})

test('an abort in the middle stops at once and keeps what has arrived', async (t) => {
  const rig = await hubRig(t)
  const controller = new AbortController()
  rig.server.intercept = ({ host }) => (host === 'content network' ? { stallAfterBytes: 200_000 } : undefined)
  const onProgress = ({ doneBytes }: { doneBytes: number }) => {
    if (doneBytes > 150_000) controller.abort()
  }
  await assert.rejects(resolveCheckpointFolder(source, { ...rig.options, signal: controller.signal, onProgress }), {
    name: 'AbortError',
  })
  rig.server.intercept = () => undefined
  rig.server.requests.length = 0
  await resolveCheckpointFolder(source, rig.options)
  assert.ok(startOf(ranges(rig)[0]) > 140_000)
})

test('a connection that falls silent is given up', async (t) => {
  const { server, options } = await hubRig(t)
  server.intercept = () => ({ stallAfterBytes: 3 })
  const url = `${server.endpoint}/${REPO}/resolve/main/config.json`
  const request = { url, init: {}, silenceMs: 100, isPatient: true, signal: options.signal }
  const { chunks } = await askHub(options.hub, REPO, request)
  await assert.rejects(async () => {
    for await (const _ of chunks);
  }, /hub does not answer/)
})

test('the token is not sent to another origin, even when the hub itself gives the address', async (t) => {
  const [mine, other] = [await hubRig(t), await hubRig(t)]
  const hub = { ...mine.options.hub, token: 'hf_very-secret' }
  const url = `${other.server.endpoint}/api/models/${REPO}/tree/main`
  const init = { headers: { authorization: 'Bearer hf_very-secret' } }
  await askHub(hub, REPO, { url, init, silenceMs: 5000, isPatient: false, signal: mine.options.signal })
  assert.deepEqual(
    other.server.requests.map(({ headers }) => headers.authorization),
    [undefined],
  )
})

test('a full disk is named, and the partial file gives its space back', async (t) => {
  const rig = await hubRig(t)
  await mkdir(rig.hubCache)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', rig.hubCache], { stdio: 'pipe' })
  } catch {
    return t.skip(
      skipped('machine', 'a small file system cannot be mounted here: it takes root and the right to mount'),
    )
  }
  try {
    await assert.rejects(resolveCheckpointFolder(source, rig.options), (error) => {
      assert.ok(error instanceof DiskFullError)
      assert.ok(!error.sentence.includes(rig.hubCache))
      return true
    })
    const blobs = await readdir(join(rig.hubCache, 'models--somebody--whisper-test', 'blobs'))
    assert.equal(blobs.length, 2) // the two small files
  } finally {
    execFileSync('umount', [rig.hubCache])
  }
})

test('two processes that start together download each file once', async (t) => {
  const rig = await hubRig(t)
  // The weights are held back until both processes have come to them.
  const bothAreHere = Promise.withResolvers<void>()
  rig.server.intercept = async ({ host }) => {
    if (host === 'content network') await bothAreHere.promise
    return undefined
  }
  let arrivals = 0
  const folders = await Promise.all(
    [1, 2].map(async () => {
      const child = otherProcess(t, rig)
      child.stdout.on('data', (output) => {
        if (/tokenizer\.json/.test(String(output)) && ++arrivals === 2) bothAreHere.resolve()
      })
      return (await finished(child)).at(-1)
    }),
  )
  assert.equal(folders[0], folders[1])
  assert.deepEqual(await weightsIn({ folder: folders[0]! }), WEIGHTS)
  assert.deepEqual(ranges(rig), [undefined])
})

test('a process that was killed leaves nothing that stops the next one', async (t) => {
  const rig = await hubRig(t)
  rig.server.intercept = ({ host }) => (host === 'content network' ? { stallAfterBytes: 150_000 } : undefined)
  const child = otherProcess(t, rig)
  for await (const line of child.stdout.setEncoding('utf8')) {
    if (/model\.safetensors/.test(line as string)) break
  }
  child.kill('SIGKILL')
  await once(child, 'close')

  const etag = rig.server.etagOf(REPO, 'model.safetensors')
  const lockPath = join(rig.hubCache, '.locks', 'models--somebody--whisper-test', `${etag}.paradox.lock`)
  await utimes(lockPath, new Date(0), new Date(0)) // instead of waiting until the lock is stale
  rig.server.intercept = () => undefined
  assert.deepEqual(await weightsIn(await resolveCheckpointFolder(source, rig.options)), WEIGHTS)
  assert.match(ranges(rig).at(-1)!, /^bytes=\d+-$/)
})

/** Resolves the same source in a process of its own, which prints its progress and then the folder. */
function otherProcess(t: TestContext, { options }: HubRig) {
  const code = `
    const { resolveCheckpointFolder } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'index.ts')))})
    const onProgress = ({ file }) => console.log(file)
    const signal = new AbortController().signal
    const options = { ...${JSON.stringify({ hub: options.hub, cacheDir: options.cacheDir })}, onProgress, signal }
    console.log((await resolveCheckpointFolder(${JSON.stringify(source)}, options)).folder)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function finished(child: ReturnType<typeof otherProcess>): Promise<string[]> {
  const [output, errors, [exitCode]] = await Promise.all([
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
    once(child, 'close'),
  ])
  assert.equal(exitCode, 0, inspect(errors))
  return output.join('').trim().split('\n')
}
