/** Every metric of the service: its name, its labels, its meaning, and where its buckets lie. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export const PREFIX = 'paradox_'

/** Seconds: from an answer out of memory to a recording of hours. */
const REQUEST_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]
const QUEUE_BUCKETS = [0.005, 0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 300]
const DECODE_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]
/** From a model that is on the disk and compiled to one that comes over a slow line. */
const LOAD_BUCKETS = [0.5, 1, 2, 5, 10, 30, 60, 180, 600, 1800]
const RTFX_BUCKETS = [0.5, 1, 2, 4, 8, 12, 16, 24, 32, 64, 128]
/** At most 4 windows share a step on the CPU, 16 on a GPU. */
const BATCH_BUCKETS = [1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 6, 8, 12, 16]

export type Metrics = ReturnType<typeof createMetrics>

/** Metrics in a registry of their own, so that several servers can live in one process, as in tests. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  /** The service's own process: processor, memory, handles, event loop; engines are processes of their own. */
  collectDefaultMetrics({ register: registry })

  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name: `${PREFIX}${name}`, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, buckets: number[], ...labelNames: L[]) =>
    new Histogram({ name: `${PREFIX}${name}`, help, labelNames, buckets, registers })

  return {
    registry,

    ready: gauge('ready', '1 while GET /readyz answers 200, else 0.'),
    requests: counter('requests_total', 'Requests that have ended, by answer.', 'route', 'model', 'status'),
    requestSeconds: histogram(
      'request_duration_seconds',
      'From the arrival of a request to its end, the upload included.',
      REQUEST_BUCKETS,
      'route',
    ),
    requestsInProgress: gauge('requests_in_progress', 'Requests that have arrived and not ended.'),
    queueLength: gauge('queue_length', 'Recordings that wait for a model or a place in its engine.'),

    queueSeconds: histogram(
      'queue_seconds',
      'Wait of a recording for its turn, the load of the model included.',
      QUEUE_BUCKETS,
      'model',
    ),
    decodeSeconds: histogram(
      'decode_seconds',
      'Time of a recording in the engine: reading, encoding, decoding.',
      DECODE_BUCKETS,
      'model',
    ),
    audioSeconds: counter('audio_seconds_total', 'Seconds of audio transcribed.', 'model'),
    rtfx: histogram('rtfx', 'Seconds of audio per second in the engine: × real time.', RTFX_BUCKETS, 'model'),
    windows: counter('windows_total', 'Windows of at most 30 s that were decoded.', 'model'),
    contextRepeats: counter(
      'context_repeats_total',
      'Windows decoded again at the full audio context, since a guard found a fault.',
      'model',
    ),
    temperatureRetries: counter('temperature_retries_total', 'Windows decoded again at a higher temperature.', 'model'),
    coverageRetries: counter(
      'coverage_retries_total',
      'Stretches of speech left without text that were decoded again.',
      'model',
    ),
    batchFill: histogram(
      'batch_fill',
      'Windows per decoder step, on average while a recording was in the engine.',
      BATCH_BUCKETS,
      'model',
    ),

    engineMemory: gauge('engine_memory_bytes', 'Resident memory of the process of a model.', 'model'),
    engineDeviceMemory: gauge(
      'engine_device_memory_bytes',
      "GPU memory of the process of a model, where NVIDIA's driver tells.",
      'model',
    ),
    modelLoads: counter('model_loads_total', 'Loads of a model, by outcome: loaded or failed.', 'model', 'outcome'),
    modelUnloads: counter(
      'model_unloads_total',
      'Unloads of a model, by reason: idle, swap, request, crash, hang, shutdown or memory.',
      'model',
      'reason',
    ),
    logLinesDropped: counter(
      'log_lines_dropped_total',
      "Lines of the service's log that were lost: too many waited for their reader, or the disk was full.",
    ),
    modelLoadSeconds: histogram(
      'model_load_seconds',
      "Time of a load, from the start of the model's process; download and compilation come before.",
      LOAD_BUCKETS,
      'model',
    ),
  } as const
}
