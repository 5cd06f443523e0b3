import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import fastify from 'fastify'
import { EventStream } from './event-stream.ts'

const N_EVENTS = 500
const LONG = 'x'.repeat(64 * 1024)

/** A client that has asked for a stream of many events, and has read nothing of it when all have been sent. */
async function slowClient(t: TestContext) {
  const app = fastify()
  const sent = Promise.withResolvers<void>()
  app.get('/', async (_request, reply) => {
    using stream = new EventStream(reply)
    for (let i = 0; i < N_EVENTS; i++) {
      stream.send({ type: 'text', i, LONG })
      stream.tell({ type: 'progress', i })
      await new Promise(setImmediate)
    }
    stream.end()
    sent.resolve()
    return reply
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1' }).pause()
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
  await sent.promise
  return { socket }
}

test('a client that is behind gets all text in its order, and little of the progress', async (t) => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  t.after(() => process.off('warning', note))

  const { socket } = await slowClient(t)
  const answer = await text(socket)
  const numbers = (type: string) =>
    Array.from(answer.matchAll(new RegExp(`"type":"${type}","i":(\\d+)`, 'g')), ([, i]) => Number(i))
  assert.deepEqual(
    numbers('text'),
    Array.from({ length: N_EVENTS }, (_, i) => i),
  )
  assert.ok(numbers('progress').length < N_EVENTS / 2, `${numbers('progress').length} of ${N_EVENTS}`)
  assert.match(answer, /data: \[DONE\]\n\n/)
  assert.deepEqual(warnings, [], 'such as of too many listeners')
})
