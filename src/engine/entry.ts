/**
 * The engine process: one model, loaded once, and the requests for it. Inference blocks this process's JavaScript
 * thread, which is why it is a process of its own; and when it ends, the operating system takes back every byte.
 */

import { DeviceMemoryReader } from '../devices/nvidia.ts'
import { failureToWire } from '../errors/index.ts'
import { createLogger } from '../logger.ts'
import { type AsrStrategy, createStrategy } from '../models/index.ts'
import { serveParent, tellParent } from '../processes/parent.ts'
import type { FromEngine, ToEngine } from './protocol.ts'
import type { WorkTiming } from './transcriber.ts'

let strategy: AsrStrategy | undefined
let gpuMemLimitBytes: number | undefined
const running = new Map<number, AbortController>()
const closing = new AbortController()

serveParent((message: ToEngine) => void receive(message)) // sent by engine-process.ts

async function receive(message: ToEngine): Promise<void> {
  switch (message.type) {
    case 'load':
      return await load(message)
    case 'work':
      return await work(message)
    case 'abort':
      running.get(message.requestId)?.abort()
      return
    case 'unload':
      closing.abort()
      await strategy?.unload()
      process.exit(0)
  }
}

async function load({ entry, settings, logLevel }: ToEngine & { type: 'load' }): Promise<void> {
  gpuMemLimitBytes = settings.gpuMemLimitBytes
  const logger = createLogger(logLevel).child({ modelId: entry.id })
  const loading = createStrategy({
    entry,
    settings,
    logger,
    onLoading: (progress) => send({ type: 'loading', ...progress }),
  })
  try {
    await loading.loadModel(closing.signal)
    strategy = loading
    send({ type: 'loaded', languages: loading.languages })
  } catch (error) {
    send({ type: 'load-failed', failure: failureToWire(error) })
  }
}

async function work({
  requestId,
  kind,
  audioPath,
  language,
  options,
  tellsSegments,
}: ToEngine & { type: 'work' }): Promise<void> {
  const controller = new AbortController()
  running.set(requestId, controller)
  const timing = startTiming(strategy!)
  try {
    const { signal } = controller
    const onLength = (seconds: number) => send({ type: 'length', requestId, seconds })
    const result =
      kind === 'detect-language'
        ? await strategy!.detectLanguage(audioPath, { options, signal, onLength })
        : await strategy!.transcribe(audioPath, {
            language,
            options,
            signal,
            onLength,
            onProgress: (doneSeconds) => send({ type: 'progress', requestId, doneSeconds }),
            ...(tellsSegments && { onSegments: (segments) => send({ type: 'segments', requestId, segments }) }),
          })
    send({ type: 'done', requestId, result, timing: timing() })
  } catch (error) {
    send({ type: 'failed', requestId, failure: failureToWire(error) })
  } finally {
    running.delete(requestId)
    cleanMemorySoon()
  }
}

/** @returns a function that tells what has been done since then. */
function startTiming(model: AsrStrategy): () => WorkTiming {
  const startedAtMs = performance.now()
  const before = model.stepCounts
  return () => {
    const { steps, windowSteps } = model.stepCounts
    return {
      decodeSeconds: (performance.now() - startedAtMs) / 1000,
      steps: steps - before.steps,
      windowSteps: windowSteps - before.windowSteps,
    }
  }
}

/** A collection takes as long as three tokens, so it waits until no request does. */
const IDLE_MS = 100
let cleaning: NodeJS.Timeout | undefined

/**
 * What the original service did after every inference. Buffers of the runtime are freed only when the collector
 * finds their JavaScript owners, which are tiny and would wait for a long time; the large ones are freed at once where
 * they are used.
 */
function cleanMemorySoon(): void {
  clearTimeout(cleaning)
  cleaning = setTimeout(async () => {
    if (running.size > 0) return
    globalThis.gc?.()
    const isOverLimit = await isOverDeviceLimit()
    // Where that fails this process ends, and with it goes all that it has; the next request gets a new one.
    if (running.size === 0) await strategy?.rest(isOverLimit)
  }, IDLE_MS)
}

const deviceMemory = new DeviceMemoryReader()

async function isOverDeviceLimit(): Promise<boolean> {
  if (gpuMemLimitBytes === undefined) return false
  const bytes = (await deviceMemory.read()).get(process.pid)
  return bytes !== undefined && bytes > gpuMemLimitBytes
}

function send(message: FromEngine): void {
  tellParent(message)
}
