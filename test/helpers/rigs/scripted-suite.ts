/** The service before a scripted transcriber, for all tests of a suite. */

import { after, before, beforeEach } from 'node:test'
import { type Script, type ScriptedTranscriber, scriptedTranscriber } from '../fakes/scripted-transcriber.ts'
import { type RunningService, startService } from './service.ts'

export interface ScriptedSuite {
  readonly transcriber: ScriptedTranscriber
  /** Not before the suite's tests run. */
  readonly service: RunningService
}

/**
 * To be called where the suite is described: it starts the service before the tests, and has each of them begin with `script`
 * and without requests.
 */
export function scriptedSuite(script: Script, env?: NodeJS.ProcessEnv): ScriptedSuite {
  const transcriber = scriptedTranscriber()
  let service: RunningService | undefined
  before(async () => {
    service = await startService({ transcriber, ...(env && { env }) })
  })
  after(() => service?.close())
  beforeEach(() => {
    transcriber.requests.length = 0
    transcriber.script = script
  })
  return {
    transcriber,
    get service() {
      if (!service) throw new Error('the service is started before the tests, not before they are described')
      return service
    },
  }
}
