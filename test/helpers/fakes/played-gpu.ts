/**
 * Preloaded into processes that load the runtime: what they open on a GPU is opened on the CPU, and does in its runs
 * what the file says that `PLAYED_GPU_FAILURE` names, as long as it is there:
 *
 * - `run …`, `create …`: fails in these words, the latter when a session is opened.
 * - `die`, `stop`: its process is killed, or stops for good.
 * - `ignore NAME`: computes as if this input were all zeros.
 * - `bend NAME`: adds 1 to each number of this output.
 */

import { existsSync, readFileSync } from 'node:fs'
import { InferenceSession, type Tensor } from 'onnxruntime-node'

const create = InferenceSession.create as (model: unknown, options: object) => Promise<InferenceSession>

/** What it is to do, and the rest of the line. */
function asked(): readonly [what: string, words: string] {
  const file = process.env.PLAYED_GPU_FAILURE!
  if (!existsSync(file)) return ['', '']
  const [, what = '', words = ''] = /^(\w+) ?(.*)$/s.exec(readFileSync(file, 'utf8')) ?? []
  return [what, words]
}

function failAt(at: 'create' | 'run'): void {
  const [what, words] = asked()
  if (what === at) throw new Error(words)
}

Object.assign(InferenceSession, {
  async create(model: unknown, options: InferenceSession.SessionOptions) {
    if (options.executionProviders?.[0] === 'cpu') return await create(model, options)
    failAt('create')
    const { preferredOutputLocation: _, ...others } = options
    const session = await create(model, { ...others, executionProviders: ['cpu'] })
    const run = session.run.bind(session) as (...all: unknown[]) => Promise<InferenceSession.ReturnType>
    return Object.assign(session, {
      async run(feeds: InferenceSession.FeedsType, ...all: unknown[]) {
        failAt('run')
        const [what, name] = asked()
        if (what === 'die') process.kill(process.pid, 'SIGKILL')
        if (what === 'stop') process.kill(process.pid, 'SIGSTOP')
        if (what === 'ignore' && feeds[name]) (feeds[name].data as Float32Array).fill(0) // floats, in our graphs
        const outputs = await run(feeds, ...all)
        if (what === 'bend' && outputs[name]) bend(outputs[name] as Tensor)
        return outputs
      },
    })
  },
})

function bend({ data }: Tensor): void {
  const values = data as Float32Array // the same
  for (const [i, value] of values.entries()) values[i] = value + 1
}
