/** The HTTP layer in a process of its own, for tests that measure or kill it: it prints its port and ends on SIGTERM. */

import { readConfig } from '../../../src/config.ts'
import { serve } from '../../../src/http/index.ts'
import { silentLogger } from '../../../src/logger.ts'
import { serviceOf } from '../rigs/service.ts'
import { scriptedTranscriber, transcriptionOf } from './scripted-transcriber.ts'

const transcriber = scriptedTranscriber()
transcriber.script = async () => transcriptionOf('ok')
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

await serve(serviceOf({ config: readConfig(), transcriber, logger: silentLogger }), {
  signal: stop.signal,
  onListening: ({ port }) => process.stdout.write(`${port}\n`),
})
