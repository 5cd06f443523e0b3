/** A collector of OpenTelemetry: takes what an OTLP exporter posts, and reads it by the protocol's field numbers. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { ProtoMessage } from '../../../src/compiler/protobuf.ts'

export interface ReceivedSpan {
  readonly name: string
  /** 2 is SERVER. */
  readonly kind: number
  /** Hexadecimal, as in a traceparent header. */
  readonly traceId: string
  readonly spanId: string
  /** '' for none. */
  readonly parentSpanId: string
  readonly attributes: Readonly<Record<string, string | number>>
  /** 2 is ERROR. */
  readonly status: number
  /** Of the resource that it comes from. */
  readonly resource: Readonly<Record<string, string | number>>
}

export interface OtlpReceiver {
  readonly url: string
  readonly spans: readonly ReceivedSpan[]
  /** All bodies, to look for what must not be in them. */
  readonly bodies: readonly Buffer[]
}

export async function startOtlpReceiver(t: TestContext): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const bodies: Buffer[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    const isExport = request.method === 'POST' && request.url === '/v1/traces'
    if (isExport && request.headers['content-type'] === 'application/x-protobuf') {
      bodies.push(body)
      spans.push(...readSpans(body))
      response.setHeader('content-type', 'application/x-protobuf')
    } else response.statusCode = 400
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, bodies }
}

/** @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
function readSpans(body: Uint8Array): ReceivedSpan[] {
  return new ProtoMessage(body).messages(1).flatMap((resourceSpans) => {
    const [resource] = resourceSpans.messages(1)
    const spans = resourceSpans.messages(2).flatMap((scopeSpans) => scopeSpans.messages(2))
    return spans.map((span) => ({
      name: span.string(5),
      kind: span.ints(6)[0] ?? 0,
      traceId: hex(span.bytes(1)),
      spanId: hex(span.bytes(2)),
      parentSpanId: hex(span.bytes(4)),
      attributes: readAttributes(span, 9),
      status: span.messages(15)[0]?.ints(3)[0] ?? 0,
      resource: resource ? readAttributes(resource, 1) : {},
    }))
  })
}

function readAttributes(message: ProtoMessage, field: number): Record<string, string | number> {
  return Object.fromEntries(
    message.messages(field).map((pair) => {
      const value = pair.messages(2)[0]!
      const double = value.bytes(4)
      if (double) return [pair.string(1), new DataView(double.buffer, double.byteOffset).getFloat64(0, true)]
      return [pair.string(1), value.strings(1)[0] ?? value.ints(3)[0] ?? '']
    }),
  )
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex')
}
