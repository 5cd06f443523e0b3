/** `make audit` with the real npm, and a registry that knows of a hole, knows of none, or does not answer. */

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { skipped } from '../helpers/skip.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const skip = spawnSync('npm', ['--version']).status === 0 ? false : skipped('machine', 'npm is not on this machine')

const HOLE = {
  id: 1,
  url: 'https://advisories.example/1',
  title: 'a hole',
  vulnerable_versions: '<2.0.0',
  cwe: [],
  cvss: { score: 9, vectorString: null },
}

for (const [severity, code] of [
  ['high', 1],
  ['critical', 1],
  ['moderate', 0],
] as const) {
  test(`a known vulnerability that is ${severity} ends it with ${code}`, { skip }, async (t) => {
    const ended = await audit(t, (_, response) => response.end(JSON.stringify({ holey: [{ ...HOLE, severity }] })))
    assert.match(ended.stdout, new RegExp(`audit: ${severity}: holey: a hole \\(https://advisories.example/1\\)`))
    assert.equal(ended.code, code)
  })
}

test('no known vulnerability is said, too', { skip }, async (t) => {
  const ended = await audit(t, (_, response) => response.end('{}'))
  assert.match(ended.stdout, /^audit: 0 packages with known vulnerabilities/)
  assert.equal(ended.code, 0)
})

test('a registry without a list of vulnerabilities is no failure, and no good news', { skip }, async (t) => {
  const ended = await audit(t, (_, response) => response.writeHead(405).end())
  assert.match(ended.stderr, /NOT DONE.*405 Method Not Allowed.*nothing is known/)
  assert.deepEqual([ended.code, ended.stdout], [0, ''])
})

async function audit(t: TestContext, registry: RequestListener) {
  const packument = {
    name: 'holey',
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { name: 'holey', version: '1.0.0' } },
  }
  const server = createServer((request, response) => {
    if (request.method === 'GET') response.end(JSON.stringify(packument))
    else request.resume().on('end', () => registry(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const folder = tempFolder(t)
  const holey = { version: '1.0.0', integrity: 'sha512-AA==' }
  const project = { name: 'project', version: '1.0.0', dependencies: { holey: '1.0.0' } }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project))
  const lock = { ...project, lockfileVersion: 3, packages: { '': project, 'node_modules/holey': holey } }
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
  const { port } = server.address() as AddressInfo // a TCP server has no other form of address
  const ofNpm = { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_cache: join(folder, '.npm') }
  const env = { ...process.env, ...ofNpm, npm_config_fetch_retries: '0', NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
  return await new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    const script = [join(ROOT, 'scripts/audit.ts'), folder]
    execFile(process.execPath, script, { env }, (error, stdout, stderr) => {
      done({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}
