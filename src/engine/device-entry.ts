/** A process that lives for one question: does this device run a session? */

import type { ResolvedDevice } from '../models/index.ts'
import { checkDevice } from '../models/index.ts'
import { failureToWire } from './failure.ts'
import type { WireFailure } from './protocol.ts'

process.once('message', async (device: ResolvedDevice) => {
  const answer = await checkDevice(device).then(
    () => null,
    (error: unknown): WireFailure => failureToWire(error),
  )
  process.send!(answer, () => process.exit(0))
})
