/** Clients of every temper: those who wait, who listen to a stream, who leave, who send half, who send nonsense. */

import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { basename } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'

/** No request may take longer than that, whatever happens to the service: a silent engine is given up after a minute. */
export const BOUND_MS = 180_000

export interface Outcome {
  readonly client: string
  /** undefined: the connection ended, or the client left. */
  readonly status: number | undefined
  readonly seconds: number
  /** What must not be. */
  readonly problem?: string
}

export interface Client {
  readonly name: string
  /** What it may be answered besides 200 while faults strike. */
  run(baseUrl: string, random: () => number): Promise<Outcome>
}

export interface Recordings {
  /** Plain WAV, a second or two, with its words. */
  readonly short: { readonly path: string; readonly said: RegExp }
  /** What only ffmpeg reads. */
  readonly encoded: { readonly path: string; readonly said: RegExp }
  /** Of several segments. */
  readonly long: string
}

/** What a good recording may be answered while faults strike: no room, no disk, a model that died twice; never 400. */
const EXCUSES = new Set([429, 500, 503, 507])

const TINY = { model_id: 'tiny' }
/** What it says is of no use, so little of it is asked for, and nothing is tried again. */
const RANDOM = { model_id: 'random', temperature: '0', beam_size: '1', max_new_tokens: '10' }

export function clientsOf({ short, encoded, long }: Recordings): Client[] {
  const plain = (name: string, { path, said }: Recordings['short'], fields: Record<string, string>): Client => ({
    name,
    run: (baseUrl) =>
      timed(name, async (signal) => {
        const response = await fetch(`${baseUrl}/transcribe`, {
          method: 'POST',
          body: formOf(path, fields),
          signal,
        })
        const body = await response.text()
        if (response.status !== 200) return { status: response.status, ...unlessExcused(response.status, body) }
        const { transcription } = JSON.parse(body) as { transcription: string }
        return { status: 200, ...(said.test(transcription) ? {} : { problem: `other words: ${transcription}` }) }
      }),
  })

  const listening: Client = {
    name: 'a stream',
    run: (baseUrl) =>
      timed('a stream', async (signal) => {
        const body = formOf(long, { model: 'tiny', stream: 'true', language: 'en', temperature: '0', beam_size: '1' })
        const response = await fetch(`${baseUrl}/v1/audio/transcriptions`, { method: 'POST', body, signal })
        if (response.status !== 200) {
          return { status: response.status, ...unlessExcused(response.status, await response.text()) }
        }
        return { status: 200, ...judgeStream(await eventsOf(response)) }
      }),
  }

  const leaving: Client = {
    name: 'one that leaves',
    async run(baseUrl, random) {
      const leave = AbortSignal.timeout(Math.round(100 + random() * 3000))
      const request = fetch(`${baseUrl}/transcribe`, {
        method: 'POST',
        body: formOf(long, { model_id: 'tiny' }),
        signal: leave,
      })
      await request.then((response) => response.arrayBuffer()).catch(() => {})
      return { client: this.name, status: undefined, seconds: 0 }
    },
  }

  const half: Client = {
    name: 'half a form',
    async run(baseUrl, random) {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(baseUrl).port) })
      socket.on('error', () => {}) // the service may be at the end of its files
      // Which the service may bring about, long before this client does. `once` would reject for an error.
      const closed = new Promise((resolve) => socket.once('close', resolve))
      const head =
        'POST /transcribe HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\ncontent-type: multipart/form-data; boundary=b\r\n\r\n'
      socket.write(`${head}--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF`)
      await setTimeout(random() * 2000)
      socket.destroy()
      await closed
      return { client: this.name, status: undefined, seconds: 0 }
    },
  }

  const nonsense: Client = {
    name: 'nonsense',
    run: (baseUrl) =>
      timed('nonsense', async (signal) => {
        const form = new FormData()
        form.set('model_id', 'tiny')
        form.set('file', new Blob([Buffer.from('this is no recording '.repeat(500))]), 'a.mp3')
        const response = await fetch(`${baseUrl}/transcribe`, { method: 'POST', body: form, signal })
        const body = await response.text()
        const isRight = response.status === 400 || EXCUSES.has(response.status)
        return { status: response.status, ...(isRight ? {} : { problem: body }) }
      }),
  }

  return [
    plain('a plain WAV', short, TINY),
    plain('what ffmpeg reads', encoded, TINY),
    plain('another model', { path: short.path, said: /^/ }, RANDOM),
    listening,
    leaving,
    half,
    nonsense,
  ]
}

type Answer = Pick<Outcome, 'status' | 'problem'>

/** A connection that ends is an answer too; one that neither answers nor ends is not. */
async function timed(client: string, run: (signal: AbortSignal) => Promise<Answer>): Promise<Outcome> {
  const startedAt = performance.now()
  const signal = AbortSignal.timeout(BOUND_MS)
  const answer = await run(signal).catch(
    (error): Answer =>
      signal.aborted
        ? { status: undefined, problem: `no answer within ${BOUND_MS / 1000} s` }
        : error instanceof SyntaxError
          ? { status: undefined, problem: `an answer that cannot be read: ${error.message}` }
          : { status: undefined },
  )
  return { client, seconds: (performance.now() - startedAt) / 1000, ...answer }
}

function unlessExcused(status: number, body: string): { problem?: string } {
  return EXCUSES.has(status) ? {} : { problem: `${status}: ${body}` }
}

function formOf(path: string, fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new Blob([readFileSync(path)]), basename(path))
  return form
}

interface StreamEvent {
  readonly type: string
  readonly delta?: string
  readonly text?: string
}

/** All that came, also where the connection ended before the end. */
async function eventsOf(response: Response): Promise<StreamEvent[]> {
  const events: StreamEvent[] = []
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data !== '[DONE]') events.push(JSON.parse(data) as StreamEvent)
    },
  })
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) parser.feed(chunk)
  } catch {
    // the connection ended
  }
  return events
}

function judgeStream(events: readonly StreamEvent[]): { problem?: string } {
  const deltas = events.flatMap(({ delta }) => delta ?? []).join('')
  const done = events.find(({ type }) => type === 'transcript.text.done')
  if (!done || done.text === deltas) return {}
  return { problem: `the deltas are not the text: ${deltas.length} characters for ${done.text?.length}` }
}
