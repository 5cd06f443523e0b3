/** `paradox serve` in a process that ends with the one that started it. Run by `service-process.ts`. */

import { serve } from '../../../src/cli/serve.ts'

const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('disconnect', () => stop.abort())

await serve({}, stop.signal)
process.disconnect?.()
