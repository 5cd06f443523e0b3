import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemOf } from './problem.ts'

const body = (message: string, code: string | null) =>
  JSON.stringify({ error: { message, type: 'x', param: null, code } })

test('an answer of the service is a problem with its sentence', () => {
  assert.deepEqual(problemOf(400, body('The file is empty.', 'audio_empty')), {
    kind: 'recording',
    status: 400,
    sentence: 'The file is empty.',
    code: 'audio_empty',
  })
  assert.equal(problemOf(401, body('No key.', 'invalid_api_key')).kind, 'key')
  assert.equal(problemOf(413, body('Too large.', 'upload_too_large')).kind, 'too-large')
  assert.equal(problemOf(404, body('No model.', 'model_not_found')).kind, 'model')
  assert.equal(problemOf(503, body('No hub.', 'model_load_failed')).kind, 'model')
  assert.equal(problemOf(503, body('Closing.', 'service_closing')).kind, 'closing')
  assert.equal(problemOf(400, body('No language.', 'language_unknown')).kind, 'option')
  assert.equal(problemOf(500, body('Unexpected.', null)).kind, 'service')
})

test('a busy service says how long to wait', () => {
  const problem = problemOf(429, body('64 wait.', 'queue_full'), '5')
  assert.equal(problem.kind, 'busy')
  assert.equal(problem.retryAfterSeconds, 5)
  assert.equal('retryAfterSeconds' in problemOf(429, body('64 wait.', 'queue_full')), false)
})

test('what is no answer of the service is a problem without a sentence', () => {
  assert.deepEqual(problemOf(502, '<html>Bad Gateway</html>'), { kind: 'unreachable', status: 502 })
  assert.deepEqual(problemOf(500, ''), { kind: 'service', status: 500 })
  assert.deepEqual(problemOf(500, 'null'), { kind: 'service', status: 500 })
})

test('a failure in the middle of a stream has no status', () => {
  const problem = problemOf(0, body('The process ended.', 'engine_crashed'))
  assert.deepEqual(problem, { kind: 'service', sentence: 'The process ended.', code: 'engine_crashed' })
})
