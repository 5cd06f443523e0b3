import assert from 'node:assert/strict'
import { mkdir, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { withLock } from './process-lock.ts'

const never = new AbortController().signal

test('two who want the same lock work one after the other, and nothing is left', async (t) => {
  const folder = tempFolder(t)
  const events: string[] = []
  const work = (name: string) =>
    withLock(join(folder, 'a.lock'), never, async () => {
      events.push(name)
      await readdir(folder) // something that takes a turn of the event loop
      events.push(name)
    })
  await Promise.all([work('first'), work('second')])
  assert.equal(events.length, 4)
  assert.deepEqual([events[0], events[2]], [events[1], events[3]])
  assert.deepEqual(await readdir(folder), [])
})

test('the lock of a process that was killed is taken over', async (t) => {
  const lockPath = join(tempFolder(t), 'a.lock')
  await mkdir(lockPath)
  await utimes(lockPath, new Date(0), new Date(0))
  assert.equal(await withLock(lockPath, never, async () => 'mine'), 'mine')
})

test('who waits for a lock can be aborted', async (t) => {
  const lockPath = join(tempFolder(t), 'a.lock')
  await mkdir(lockPath)
  const controller = new AbortController()
  const waiting = withLock(lockPath, controller.signal, async () => assert.fail('the lock is held by another'))
  controller.abort()
  await assert.rejects(waiting, { name: 'AbortError' })
})

test('the lock is released when the work fails', async (t) => {
  const lockPath = join(tempFolder(t), 'a.lock')
  await assert.rejects(
    withLock(lockPath, never, () => Promise.reject(new RangeError('ours'))),
    RangeError,
  )
  assert.equal(await withLock(lockPath, never, async () => 'free'), 'free')
})
