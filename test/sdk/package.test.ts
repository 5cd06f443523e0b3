/** The package as a stranger has it: from a tarball, in an empty folder, beside the examples of docs/library.md. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { noSample, SENTENCE } from '../helpers/data/english-sample.ts'
import { baseFolder } from '../helpers/data/real-models.ts'
import { skipped } from '../helpers/skip.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)
/** Node 24, wherever this machine has it. */
const NODE = process.execPath
/** Without ours, in which npm tells scripts about this project. */
const { PATH, HOME } = process.env
const env = { PATH, HOME, HF_HUB_OFFLINE: '1', FFMPEG_PATH: process.env.FFMPEG_PATH ?? ownFfmpeg() }

const clip = SENTENCE.path
const base = baseFolder()
const noClip = noSample

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())
const consumer = folder.file('consumer')
mkdirSync(consumer)
const tarball = await pack()
const noPackages = await install(tarball)

describe('the package from its tarball', { skip: noPackages, concurrency: 1 }, () => {
  test('has the compiled program, its page and its documents, and neither sources nor tests', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball])
    const files = stdout.split('\n')
    for (const file of [
      'bin/paradox',
      'dist/index.d.ts',
      'dist/web/index.html',
      'docs/library.md',
      'README.md',
      'LICENSE',
    ])
      assert.ok(files.includes(`package/${file}`), file)
    assert.deepEqual(
      files.filter((file) => /^package\/(src|test|bench|node_modules)\/|\.test\./.test(file)),
      [],
    )
  })

  test('its types hold what the examples of the documents do, and know a wrong option', async () => {
    for (const [i, text] of examples().entries()) writeFileSync(join(consumer, `example-${i}.ts`), text)
    const wrong =
      "import { loadModel } from 'paradox-asr'\n\nawait (await loadModel('base')).transcribe('x', { lang: 'pt' })\n"
    writeFileSync(join(consumer, 'wrong.ts'), wrong)
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--types', 'node']
    const checked = (files: readonly string[]) =>
      run(NODE, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, ...files], { cwd: consumer }).then(
        () => '',
        (error: { stdout: string }) => error.stdout,
      )
    assert.equal(await checked(examples().map((_, i) => `example-${i}.ts`)), '')
    assert.match(await checked(['wrong.ts']), /'lang' does not exist in type 'TranscribeOptions'/)
  })

  test('the examples of the documents hear what is said', { skip: base.skip || noClip }, async () => {
    copyFileSync(clip, join(consumer, 'clip.wav'))
    for (const [i, text] of examples().entries()) {
      writeFileSync(join(consumer, `example-${i}.ts`), text)
      const { stdout } = await run(NODE, [`example-${i}.ts`], { cwd: consumer, env })
      assert.match(
        stdout.replaceAll(/^(?:\d+|.* --> .*)$/gm, '').replaceAll(/\s+/g, ' '),
        SENTENCE.said,
        `example ${i}`,
      )
    }
  })

  test('every kind of recording, aborts, wrong names and a closed model', { skip: base.skip || noClip }, async () => {
    copyFileSync(clip, join(consumer, 'clip.wav'))
    copyFileSync(join(import.meta.dirname, 'library-consumer.js'), join(consumer, 'library-consumer.js'))
    // The program asserts by itself, and ends by itself: a model that is not given back would keep it alive.
    const said = { SAID: SENTENCE.said.source }
    const { stdout } = await run(NODE, ['library-consumer.js'], { cwd: consumer, env: { ...env, ...said } })
    assert.equal(stdout, 'done\n')
  })

  test('`npx` runs its command in a folder that has nothing else', { skip: base.skip || noClip }, async () => {
    const empty = folder.file('nothing')
    mkdirSync(empty)
    copyFileSync(clip, join(empty, 'clip.wav'))
    const npx = async (...args: readonly string[]) =>
      (await run('npx', ['--yes', '--package', tarball, 'paradox', ...args], { cwd: empty, env: npmEnvironment() }))
        .stdout
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    assert.equal(await npx('--version'), `${version}\n`)
    assert.match(await npx('transcribe', '--model', 'base', 'clip.wav'), SENTENCE.said)
  })
})

/** The programs of docs/library.md. */
function examples(): string[] {
  const document = readFileSync(join(ROOT, 'docs/library.md'), 'utf8')
  return Array.from(document.matchAll(/^```ts\n([\s\S]*?)^```$/gm), ([, text]) => text!)
}

async function pack(): Promise<string> {
  const args = ['pack', '--silent', '--ignore-scripts=false', '--pack-destination', folder.path]
  const { stdout } = await run('npm', args, { cwd: ROOT })
  return folder.file(stdout.trim().split('\n').at(-1)!)
}

/** @returns why it could not be installed; false where it could. */
async function install(file: string): Promise<string | false> {
  writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const nodeTypes = `@types/node@${devDependencies['@types/node']}`
  try {
    await run('npm', ['install', '--silent', file, nodeTypes], { cwd: consumer, env: npmEnvironment() })
    return false
  } catch (error) {
    if (!/ENOTFOUND|ECONN|EAI_AGAIN|ETIMEDOUT/.test(String((error as { stderr?: string }).stderr))) throw error
    return skipped('data', "npm's registry cannot be reached")
  }
}

/** What npm has downloaded for the project is used; what npx unpacks goes with the test. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const cache = folder.file('npm')
  const { npm_config_cache: own = join(HOME ?? '', '.npm') } = process.env
  if (!existsSync(cache)) {
    mkdirSync(cache)
    if (existsSync(join(own, '_cacache'))) symlinkSync(join(own, '_cacache'), join(cache, '_cacache'))
  }
  const quiet = { npm_config_ignore_scripts: 'true', npm_config_audit: 'false', npm_config_fund: 'false' }
  return { ...env, ...quiet, npm_config_cache: cache, npm_config_prefer_offline: 'true' }
}

/** The one that set-up fetched; undefined leaves it to the PATH. */
function ownFfmpeg(): string | undefined {
  const path = join(ROOT, 'node_modules/.ffmpeg/ffmpeg')
  return existsSync(path) ? path : undefined
}
