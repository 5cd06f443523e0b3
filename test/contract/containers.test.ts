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
    assert.doesNotMatch(text, /^USER /m) // root's own folder
    assert.match(text, /^ENTRYPOINT \["\/app\/bin\/paradox"\]\nCMD \["serve"\]$/m)
  })
}
