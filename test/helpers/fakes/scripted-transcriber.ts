/** A transcriber whose answers the test writes: it stands for the engines where the HTTP layer is what is tested. */

import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { type QueueLimits, RequestQueue } from '../../../src/engine/request-queue.ts'
import type { TranscribeRequest, Transcriber } from '../../../src/engine/transcriber.ts'
import type { ModelEntry } from '../../../src/models/registry.ts'
import type { Transcription } from '../../../src/transcript/index.ts'
import { transcriptionOf as transcriptionOfSegments } from '../builders/transcriptions.ts'

export type Script = (request: TranscribeRequest) => Promise<Transcription>

export interface ScriptedTranscriber extends Transcriber {
  /** Has requests wait in a queue with these limits; by default none does. */
  limit(limits: QueueLimits): void
  /** May be replaced at any time; by default the answer repeats the file, if it is text, with blanks around it. */
  script: Script
  readonly requests: TranscribeRequest[]
  /** The argument of each `close`. */
  readonly closed: number[]
}

export function scriptedTranscriber(known: readonly string[] = ['freds0', 'lite_asr', 'base']): ScriptedTranscriber {
  const requests: TranscribeRequest[] = []
  const closed: number[] = []
  const engine = { isOpen: true, isLoaded: true, nUsers: 0, nLong: 0, enter() {}, leave() {} }
  const newQueue = (limits: QueueLimits) =>
    new RequestQueue({ all: () => [engine], of: () => engine, start: () => engine, tidy() {} }, limits)
  let queue = newQueue({})
  return {
    // Tests copy this object, so it leads to the queue of the moment.
    queue: {
      get state() {
        return queue.state
      },
      get isFull() {
        return queue.isFull
      },
      isFullFor: (caller) => queue.isFullFor(caller),
      reserve: (caller) => queue.reserve(caller),
    },
    limit(limits) {
      queue = newQueue(limits)
    },
    requests,
    closed,
    script: async ({ audioPath }) => transcriptionOf(`  ${await readFile(audioPath, 'utf8')} \n`),
    find: (name) => known.map(registryEntry).find(({ id }) => id === name),
    detectLanguage: async () => ({ language: 'pt', probability: 0.9, votes: [['pt', 0.9]], durationSeconds: 2 }),
    check() {},
    engines: () => [],
    hasSilentEngine: () => false,
    loadFailures: () => [],
    forgetLoadFailures() {},
    load: async () => {},
    unload: async () => false,
    activeModel: () => requests.at(-1)?.modelId ?? null,
    async transcribe(request) {
      const { modelId, isLong = false, signal } = request
      using reservation = request.reservation ?? queue.enter()
      using _use = await queue.admit({ entry: registryEntry(modelId), isLong, reservation, signal })
      requests.push(request)
      await setImmediate()
      return await this.script(request)
    },
    async close(timeoutMs) {
      closed.push(timeoutMs)
    },
  }
}

export function transcriptionOf(text: string, durationSeconds = 2): Transcription {
  return transcriptionOfSegments([], { text, durationSeconds })
}

/** A script that goes on until it is told, or aborted as an engine would be. */
export function heldScript(): { script: Script; started: Promise<TranscribeRequest>; finish: () => void } {
  const started = Promise.withResolvers<TranscribeRequest>()
  const finished = Promise.withResolvers<void>()
  const script: Script = (request) => {
    started.resolve(request)
    const aborted = new Promise<never>((_, reject) => {
      request.signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
    })
    return Promise.race([finished.promise.then(() => transcriptionOf('held until now')), aborted])
  }
  return { script, started: started.promise, finish: finished.resolve }
}

function registryEntry(id: string): ModelEntry {
  return { id, origin: { kind: 'whisper-base' }, strategy: undefined, language: undefined, tokenizer: undefined }
}
