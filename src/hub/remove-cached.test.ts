import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { DownloadMarks } from './download-marks.ts'
import { HubCache } from './hub-cache.ts'
import { type Caches, cachedRevisions, findRemovable, isCached, removeCached } from './index.ts'
import { ownFolder, WHISPER_BASE_WHEELS } from './whisper-base.ts'

const REPO = 'owner/name'
const [OLD, NEW] = ['a'.repeat(40), 'b'.repeat(40)]

function emptyCaches(t: TestContext): Caches {
  const folder = tempFolder(t)
  const hub = { cacheDir: join(folder, 'hub'), endpoint: 'http://127.0.0.1:9', token: undefined, offline: true }
  return { hub, cacheDir: join(folder, 'own') }
}

/** As huggingface_hub writes it: file name → name of its blob, which is its contents too. */
function writeSnapshot({ hub }: Caches, repo: string, commit: string, files: Readonly<Record<string, string>>): string {
  const folder = join(hub.cacheDir, `models--${repo.replace('/', '--')}`)
  mkdirSync(join(folder, 'blobs'), { recursive: true })
  for (const [name, blob] of Object.entries(files)) {
    const path = join(folder, 'snapshots', commit, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(join(folder, 'blobs', blob), blob)
    symlinkSync(join(name.includes('/') ? '../../../blobs' : '../../blobs', blob), path)
  }
  return folder
}

function writeRef(folder: string, name: string, commit: string): void {
  const path = join(folder, 'refs', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, commit)
}

const hubOrigin = (revision: string, repo = REPO) => ({ kind: 'hub', repo, revision }) as const
const WHOLE = { 'config.json': 'config', 'tokenizer.json': 'tokenizer' }

test('a revision goes with its names, and takes the blobs along that no other revision has', async (t) => {
  const caches = emptyCaches(t)
  const folder = writeSnapshot(caches, REPO, OLD, { ...WHOLE, 'model.safetensors': 'old', 'more/notes.txt': 'notes' })
  writeSnapshot(caches, REPO, NEW, { ...WHOLE, 'model.safetensors': 'new' })
  writeFileSync(join(folder, 'blobs', 'half.paradox.incomplete'), '')
  writeRef(folder, 'main', NEW)
  writeRef(folder, 'refs/pr/1', NEW)
  writeRef(folder, 'v1', OLD)
  assert.deepEqual(
    (await cachedRevisions(caches.hub.cacheDir)).map(({ repo, revision }) => `${repo}@${revision}`),
    [`${REPO}@main`, `${REPO}@refs/pr/1`, `${REPO}@v1`],
  )

  assert.equal(await removeCached(hubOrigin('main'), caches), 'something')
  assert.deepEqual(readdirSync(join(folder, 'snapshots')), [OLD])
  assert.deepEqual(readdirSync(join(folder, 'refs')), ['v1'])
  assert.deepEqual(readdirSync(join(folder, 'blobs')).sort(), ['config', 'notes', 'old', 'tokenizer'])
  assert.equal(await isCached({ origin: hubOrigin('v1'), tokenizer: undefined }, caches), true)
  assert.equal(await isCached({ origin: hubOrigin('main'), tokenizer: undefined }, caches), false)

  assert.equal(await removeCached(hubOrigin('main'), caches), 'nothing')
  assert.equal(await removeCached(hubOrigin(OLD), caches), 'something', 'by its commit')
  assert.equal(existsSync(folder), false, 'with the last revision nothing of the repository stays')
  assert.equal(await removeCached(hubOrigin('v1'), caches), 'nothing')
})

test('a repository that serves only as a tokenizer is no model to be removed', async (t) => {
  const caches = emptyCaches(t)
  const folder = writeSnapshot(caches, REPO, OLD, { 'tokenizer.json': 'tokenizer' })
  writeRef(folder, 'main', OLD)
  assert.equal(await removeCached(hubOrigin('main'), caches), 'nothing')
  assert.equal(readFileSync(join(folder, 'snapshots', OLD, 'tokenizer.json'), 'utf8'), 'tokenizer')
})

test('what a download that broke off has left is removed, also where it has no name yet', async (t) => {
  const caches = emptyCaches(t)
  const folder = writeSnapshot(caches, REPO, OLD, { 'config.json': 'config' })
  assert.equal(await removeCached(hubOrigin('main'), caches), 'something')
  assert.equal(existsSync(folder), false)
})

test('a link out of the cache is unlinked, and what it leads to stays', async (t) => {
  const caches = emptyCaches(t)
  const folder = writeSnapshot(caches, REPO, OLD, { ...WHOLE, 'model.safetensors': 'weights' })
  writeRef(folder, 'main', OLD)
  const outside = join(dirname(caches.hub.cacheDir), 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'precious'), 'precious')
  symlinkSync(outside, join(folder, 'snapshots', OLD, 'elsewhere'))
  symlinkSync(join(outside, 'precious'), join(folder, 'snapshots', OLD, 'precious'))
  assert.equal(await removeCached(hubOrigin('main'), caches), 'something')
  assert.deepEqual(readdirSync(outside), ['precious'])
})

test('a revision that is a path names nothing', async (t) => {
  const caches = emptyCaches(t)
  const folder = writeSnapshot(caches, REPO, OLD, { ...WHOLE, 'model.safetensors': 'weights' })
  writeRef(folder, 'main', OLD)
  for (const revision of ['../refs/main', 'x/../main', '/main', './main', '..', '']) {
    assert.equal(await isCached({ origin: hubOrigin(revision), tokenizer: undefined }, caches), false, revision)
    assert.equal(await removeCached(hubOrigin(revision), caches), 'nothing', revision)
  }
  assert.ok(existsSync(join(folder, 'refs', 'main')))
})

test('Whisper base is removed from our own cache and from the cache of the hub', async (t) => {
  const caches = emptyCaches(t)
  const own = ownFolder(caches.cacheDir)
  mkdirSync(own, { recursive: true })
  for (const { name } of WHISPER_BASE_WHEELS.files) writeFileSync(join(own, name), name)
  const folder = writeSnapshot(caches, 'Systran/faster-whisper-base', OLD, { ...WHOLE, 'model.bin': 'weights' })
  writeRef(folder, 'main', OLD)
  assert.equal(await removeCached({ kind: 'whisper-base' }, caches), 'something')
  assert.equal(existsSync(own), false)
  assert.equal(existsSync(folder), false)
  assert.equal(await removeCached({ kind: 'whisper-base' }, caches), 'nothing')
})

test('for callers only what this program has brought is removed, beside what others have of the same repository', async (t) => {
  const caches = emptyCaches(t)
  const onlyOwn = { onlyOwn: true }
  const folder = writeSnapshot(caches, REPO, OLD, { ...WHOLE, 'model.safetensors': 'old' })
  writeRef(folder, 'main', OLD)
  assert.equal(await findRemovable(hubOrigin('main'), caches, onlyOwn), 'foreign')
  assert.equal(await removeCached(hubOrigin('main'), caches, onlyOwn), 'foreign')

  writeSnapshot(caches, REPO, NEW, { ...WHOLE, 'model.safetensors': 'new' })
  writeRef(folder, 'main', NEW)
  writeRef(folder, 'v1', OLD)
  for (const blob of ['of-python.incomplete', 'whole-but-not-linked', 'ours.paradox.incomplete']) {
    writeFileSync(join(folder, 'blobs', blob), '')
  }
  const marks = new DownloadMarks(caches)
  const cache = new HubCache(caches.hub.cacheDir, REPO)
  await marks.note(cache, NEW)
  assert.equal(await removeCached(hubOrigin('main'), caches, onlyOwn), 'something')
  assert.equal(await marks.has(cache, NEW), false)
  assert.deepEqual(readdirSync(join(folder, 'snapshots')), [OLD])
  assert.deepEqual(readdirSync(join(folder, 'refs')), ['v1'])
  const stays = ['config', 'of-python.incomplete', 'old', 'tokenizer', 'whole-but-not-linked']
  assert.deepEqual(readdirSync(join(folder, 'blobs')).sort(), stays)

  assert.equal(await removeCached(hubOrigin('v1'), caches, onlyOwn), 'foreign')
  assert.equal(await removeCached(hubOrigin('v1'), caches), 'something', 'for who owns the machine')
  assert.equal(existsSync(folder), false)
})

test('with the last snapshot of ours the repository goes, unless another program is filling it', async (t) => {
  for (const [blob, isLeft] of [
    ['ours.paradox.incomplete', false],
    ['of-python.incomplete', true],
  ] as const) {
    const caches = emptyCaches(t)
    const folder = writeSnapshot(caches, REPO, NEW, { ...WHOLE, 'model.safetensors': 'new' })
    writeRef(folder, 'main', NEW)
    writeFileSync(join(folder, 'blobs', blob), '')
    await new DownloadMarks(caches).note(new HubCache(caches.hub.cacheDir, REPO), NEW)
    assert.equal(await removeCached(hubOrigin('main'), caches, { onlyOwn: true }), 'something')
    assert.equal(existsSync(folder), isLeft)
  }
})

test('marks belong to one cache of the hub', async (t) => {
  const caches = emptyCaches(t)
  const elsewhere = { ...caches, hub: { ...caches.hub, cacheDir: `${caches.hub.cacheDir}-2` } }
  const cache = new HubCache(caches.hub.cacheDir, REPO)
  await new DownloadMarks(caches).note(cache, NEW)
  assert.equal(await new DownloadMarks(elsewhere).has(cache, NEW), false)
  assert.equal(await new DownloadMarks(caches).has(cache, NEW), true)
})
