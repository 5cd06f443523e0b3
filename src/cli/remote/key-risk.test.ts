import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyRisk } from './key-risk.ts'

const argument = { apiKey: 'a-key', isArgument: true }

test('a key that leaves the machine in plain text is worth a sentence, and none that does not', () => {
  for (const server of ['http://asr.example:8000', 'asr.example:8000', 'http://192.0.2.1/v1']) {
    assert.match(keyRisk(server, argument) ?? '', /use an address with https, and set PARADOX_API_KEY/)
    assert.match(keyRisk(server, { ...argument, isArgument: false }) ?? '', /use an address with https$/)
    assert.equal(keyRisk(server, { apiKey: undefined, isArgument: false }), undefined)
  }
  for (const server of ['https://asr.example', 'localhost:8000', 'http://127.0.0.1:8000', 'http://[::1]:8000']) {
    assert.equal(keyRisk(server, argument), undefined, server)
  }
})
