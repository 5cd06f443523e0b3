import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { isAlive, ownIdentity } from './process-identity.ts'

test('a process is known by its pid and its start, and gone when it has ended', () => {
  const own = ownIdentity()
  assert.ok(isAlive(own))
  const [pid, start] = own.split('-')
  assert.equal(pid, String(process.pid))
  assert.equal(isAlive(`${pid}-${Number(start) + 1}`), false, 'a later process with the same pid')
  const url = new URL('./process-identity.ts', import.meta.url).href
  const script = `import('${url}').then(({ ownIdentity }) => console.log(ownIdentity()))`
  const other = execFileSync(process.execPath, ['--eval', script], { encoding: 'utf8' }).trim()
  assert.match(other, /^\d+-\d+$/)
  assert.equal(isAlive(other), false, 'it has ended')
})

test('a name of another form is nobody', () => {
  for (const name of ['', '1', `${process.pid}`, 'a-b', '1-2-3']) assert.equal(isAlive(name), false, name)
})
