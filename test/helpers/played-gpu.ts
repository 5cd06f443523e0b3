/**
 * Preloaded into engine processes: what they open on a GPU is opened on the processor, and fails in the words of the file that
 * `PLAYED_GPU_FAILURE` names, as long as it is there: `run …` or `create …`.
 */

import { existsSync, readFileSync } from 'node:fs'
import { InferenceSession } from 'onnxruntime-node'

const create = InferenceSession.create as (model: unknown, options: object) => Promise<InferenceSession>

function failAt(what: 'create' | 'run'): void {
  const file = process.env.PLAYED_GPU_FAILURE!
  if (!existsSync(file)) return
  const [, at, words] = /^(\w+) (.*)$/s.exec(readFileSync(file, 'utf8')) ?? []
  if (at === what) throw new Error(words)
}

Object.assign(InferenceSession, {
  async create(model: unknown, options: InferenceSession.SessionOptions) {
    if (options.executionProviders?.[0] === 'cpu') return await create(model, options)
    failAt('create')
    const { preferredOutputLocation: _, ...others } = options
    const session = await create(model, { ...others, executionProviders: ['cpu'] })
    const run = session.run.bind(session) as (...all: unknown[]) => Promise<InferenceSession.ReturnType>
    return Object.assign(session, {
      async run(...all: unknown[]) {
        failAt('run')
        return await run(...all)
      },
    })
  },
})
