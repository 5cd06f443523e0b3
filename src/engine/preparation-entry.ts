/**
 * A process that makes one model ready to be opened and ends: it downloads, measures which precision to compile for, and
 * has it compiled. It opens no session of the model, so beside the loaded one there is never a second.
 */

import { failureToWire } from '../errors/index.ts'
import { createLogger } from '../logger.ts'
import { createStrategy } from '../models/index.ts'
import type { FromPreparation, ToPreparation } from './protocol.ts'

const stopping = new AbortController()

process.on('message', (message: ToPreparation) => {
  // sent by preparation-process.ts of the same build
  if (message.type === 'stop') stopping.abort()
  else void prepare(message)
})
// The service is gone, however it ended. The compiler's process ends by the same sign.
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole process group; the service decides when this one ends.
process.on('SIGINT', () => {})

async function prepare({ entry, settings, logLevel }: ToPreparation & { type: 'prepare' }): Promise<void> {
  const strategy = createStrategy({
    entry,
    settings,
    logger: createLogger(logLevel).child({ modelId: entry.id }),
    onLoading: (progress) => process.send?.({ type: 'loading', ...progress } satisfies FromPreparation),
  })
  const answer = await strategy.prepareModel(stopping.signal).then(
    (): FromPreparation => ({ type: 'prepared' }),
    (error: unknown): FromPreparation => ({ type: 'failed', failure: failureToWire(error) }),
  )
  process.send?.(answer, () => process.exit(0))
}
