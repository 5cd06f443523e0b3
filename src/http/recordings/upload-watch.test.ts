import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { manualClock } from '../../../test/helpers/fakes/manual-clock.ts'
import { UploadStalledError, UploadTooLargeError } from '../../errors/index.ts'
import { watchUpload } from './upload-watch.ts'

/** An upload of which only the bytes are played. */
function watched({ maxBytes = 1e9 } = {}) {
  const clock = manualClock()
  const request = new EventEmitter()
  const failures: unknown[] = []
  const signal = new AbortController()
  const watch = watchUpload(request as never, { maxBytes, clock }, signal.signal, (reason) => failures.push(reason))
  return {
    failures,
    request,
    watch,
    abort: (reason: unknown) => signal.abort(reason),
    /** Sends so much at the end of each second. */
    sends(bytesPerSecond: number, seconds: number) {
      for (let i = 0; i < seconds && failures.length === 0; i++) {
        clock.advance(1000)
        if (bytesPerSecond > 0) request.emit('data', Buffer.alloc(bytesPerSecond))
      }
    },
  }
}

test('a slow line may take hours', () => {
  const upload = watched()
  upload.sends(1100, 5 * 3600)
  assert.deepEqual(upload.failures, [])
})

test('a trickle is given up within the window, however it is spread', () => {
  const slow = watched()
  slow.sends(900, 61)
  assert.ok(slow.failures[0] instanceof UploadStalledError)
  assert.match(slow.failures[0].message, /60 seconds/)

  const bursts = watched()
  bursts.sends(8300, 1)
  for (let i = 0; i < 10 && bursts.failures.length === 0; i++) {
    bursts.sends(0, 49)
    bursts.sends(8300, 1)
  }
  assert.ok(bursts.failures[0] instanceof UploadStalledError)
})

test('a pause is forgiven where the rest of the window has sent enough, and no later silence', () => {
  const upload = watched()
  upload.sends(4000, 30)
  upload.sends(0, 40)
  upload.sends(4000, 30)
  assert.equal(upload.failures.length, 0)
  upload.sends(0, 71)
  assert.ok(upload.failures[0] instanceof UploadStalledError)
})

test('too much in all, and an abort, are told at once', () => {
  const large = watched({ maxBytes: 100 })
  large.request.emit('data', Buffer.alloc(64 * 1024 + 101))
  assert.ok(large.failures[0] instanceof UploadTooLargeError)
  const left = watched()
  left.abort('gone')
  assert.deepEqual(left.failures, ['gone'])
})

test('once it is disposed of, nothing is told, and nothing is listened to', () => {
  const upload = watched()
  upload.watch[Symbol.dispose]()
  upload.sends(0, 200)
  upload.abort('gone')
  assert.deepEqual(upload.failures, [])
  assert.deepEqual(upload.request.eventNames(), [])
})
