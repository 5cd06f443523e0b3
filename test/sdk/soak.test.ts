/**
 * Twenty clients at once on real weights: two models, every format, every fifth client leaves, every tenth file is
 * broken. Nobody is answered what is not documented, and afterwards the disk is empty and the memory back.
 *
 * Two hundred requests by default; `make soak` goes on with the same ones for an hour, and tells the memory after each round.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { randomSource } from '../helpers/builders/checkpoint-builder.ts'
import { anyRecordings } from '../helpers/data/recordings.ts'
import { residentBytes, residentBytesOfTree } from '../helpers/judges/process-tree.ts'
import { type OpenAiService, speechPath, startOpenAiService, twoModelsSkip } from '../helpers/rigs/openai-service.ts'
import { uploadsIn } from '../helpers/rigs/service.ts'

const MB = 1024 ** 2
const SEED = 'soak'
const N_REQUESTS = 200
const MINUTES = Number(process.env.SOAK_MINUTES ?? 0)
const N_CLIENTS = 20
/** After so many the models are loaded and the buffers of every kind of request have been made. */
const N_WARM_UP = 60
const FORMATS = ['json', 'text', 'srt', 'vtt', 'verbose_json', 'tsv', 'stream'] as const
const MODELS = ['base', 'tiny.en'] as const
const CLIPS = ['ps-cards-003', 'ps-goforward', 'ps-cards-005', 'sb-spk1-snt5', 'az-whatstheweatherlike', 'gcp-audio']
const LEAVE_WITHIN_MS = 4000
/** Documented for a recording that is as it should be: done, the line is full, or the model or the time is not there. */
const ALLOWED = [200, 429, 503]
/** How much more the memory may be than after the warm-up. */
const GROWTH = 1.1
/** How long the collectors of garbage are given. */
const SETTLE_SECONDS = { warmUp: 10, end: 60 }

interface Plan {
  readonly model: string
  readonly format: (typeof FORMATS)[number]
  readonly file: Blob
  readonly name: string
  readonly isBroken: boolean
  /** When the client goes away, mostly soon; undefined: it waits for its answer. */
  readonly leavesAfterMs: number | undefined
}

interface Outcome {
  readonly plan: Plan
  /** undefined: the client was gone before. */
  readonly status: number | undefined
  readonly body: string
}

test('mixed requests leave nothing behind', { skip: twoModelsSkip }, async (t) => {
  await using service = await startOpenAiService({ MAX_LOADED_MODELS: '2', THREADS: '1' })
  const plans = planRequests()
  const [warmUp, rest] = [plans.slice(0, N_WARM_UP), plans.slice(N_WARM_UP)]

  const first = await send(service, warmUp)
  await service.running(0)
  const warm = await leastMemory(service, SETTLE_SECONDS.warmUp)
  const outcomes = [...first, ...(await send(service, rest))]
  const end = performance.now() + MINUTES * 60_000
  while (performance.now() < end) {
    outcomes.push(...(await send(service, plans)).map((outcome) => ({ ...outcome, body: '' })))
    const { pid } = service.process
    const now = [residentBytes(pid), residentBytesOfTree(pid)].map(inMb)
    console.log(
      `${outcomes.length} requests: service ${now[0]} MB, with its models ${now[1]} MB, ${openFiles(pid)} files`,
    )
  }
  await service.running(0)

  for (const { plan, status, body } of outcomes) {
    if (status === undefined) continue
    const allowed = plan.isBroken ? [400, ...ALLOWED.slice(1)] : ALLOWED
    assert.ok(allowed.includes(status), `${plan.model}, ${plan.format}, ${plan.name}: ${status} ${body}`)
  }
  const count = (accepts: (outcome: Outcome) => boolean) => outcomes.filter(accepts).length
  const nLeft = count(({ status }) => status === undefined)
  const nDone = count(({ status }) => status === 200)
  const nRefused = count(({ status }) => status === 400)
  t.diagnostic(`${nDone} done, ${nRefused} refused, ${nLeft} left`)
  t.diagnostic(`${outcomes.length} requests`)
  assert.ok(nDone >= N_REQUESTS / 2 && nLeft >= N_REQUESTS / 40 && nRefused >= N_REQUESTS / 40, 'all kinds took place')
  assert.deepEqual(await uploadsIn(service.tempDir), [])

  const isBack = ({ service, all }: Memory) => service <= warm.service * GROWTH && all <= warm.all * GROWTH
  const after = await leastMemory(service, SETTLE_SECONDS.end, isBack)
  t.diagnostic(
    `service ${inMb(warm.service)} MB, then ${inMb(after.service)}; with its models ${inMb(warm.all)}, then ${inMb(after.all)}`,
  )
  assert.ok(isBack(after), 'the memory is back')
})

/** The same on every run. */
function planRequests(): Plan[] {
  const random = randomSource(SEED)
  const one = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
  const there = new Set(anyRecordings().recordings.map(({ id }) => id))
  const recordings = CLIPS.filter((id) => there.has(id)).map((id) => ({
    name: basename(speechPath(id)),
    bytes: readFileSync(speechPath(id)),
  }))
  return Array.from({ length: N_REQUESTS }, (_, i) => {
    const { name, bytes } = one(recordings)
    const isBroken = i % 10 === 3
    const content = isBroken ? one([Buffer.alloc(0), Buffer.from('no recording'), bytes.subarray(0, 30)]) : bytes
    return {
      model: one(MODELS),
      format: one(FORMATS),
      file: new Blob([content]),
      name,
      isBroken,
      leavesAfterMs: i % 5 === 1 ? Math.round(random() ** 3 * LEAVE_WITHIN_MS) : undefined,
    }
  })
}

/** Each client takes the next request as soon as its last one has ended. */
async function send(service: OpenAiService, plans: readonly Plan[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const left = plans.values()
  const client = async () => {
    for (const plan of left) outcomes.push(await request(service, plan))
  }
  await Promise.all(Array.from({ length: N_CLIENTS }, client))
  return outcomes
}

async function request({ baseUrl }: OpenAiService, plan: Plan): Promise<Outcome> {
  const form = new FormData()
  form.set('model', plan.model)
  if (plan.format === 'stream') form.set('stream', 'true')
  else form.set('response_format', plan.format)
  if (plan.format === 'verbose_json') form.set('timestamp_granularities[]', 'word')
  form.set('file', plan.file, plan.name)
  const signal = plan.leavesAfterMs === undefined ? null : AbortSignal.timeout(plan.leavesAfterMs)
  try {
    const response = await fetch(`${baseUrl}/audio/transcriptions`, { method: 'POST', body: form, signal })
    const body = await response.text()
    if (response.ok) assert.match(body, plan.format === 'stream' ? /\[DONE\]\s*$/ : /\S/)
    return { plan, status: response.status, body }
  } catch (error) {
    if (signal?.aborted) return { plan, status: undefined, body: '' }
    throw error
  }
}

interface Memory {
  readonly service: number
  readonly all: number
}

/** The least of what is resident, looked at each second until it is enough or the time is up. */
async function leastMemory(
  { process: { pid } }: OpenAiService,
  maxSeconds: number,
  isEnough: (least: Memory) => boolean = () => false,
): Promise<Memory> {
  let least: Memory = { service: Number.POSITIVE_INFINITY, all: Number.POSITIVE_INFINITY }
  for (let second = 0; second < maxSeconds && !isEnough(least); second++) {
    await setTimeout(1000)
    const all = Math.min(least.all, residentBytesOfTree(pid))
    least = { all, service: Math.min(least.service, residentBytes(pid)) }
  }
  return least
}

function inMb(bytes: number): string {
  return (bytes / MB).toFixed(0)
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
