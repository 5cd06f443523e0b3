/**
 * A process that makes one model ready to be opened and ends: it downloads, measures which precision to compile for, and
 * has it compiled. It opens no session of the model, so beside the loaded one there is never a second.
 */

import { failureToWire } from '../errors/index.ts'
import { createLogger } from '../logger.ts'
import { createStrategy } from '../models/index.ts'
import { serveParent, tellParent } from '../processes/parent.ts'
import type { FromPreparation, ToPreparation } from './protocol.ts'

const stopping = new AbortController()

serveParent((message: ToPreparation) => {
  // sent by preparation-process.ts
  if (message.type === 'stop') stopping.abort()
  else void prepare(message)
})

async function prepare({ entry, settings, logLevel }: ToPreparation & { type: 'prepare' }): Promise<void> {
  const strategy = createStrategy({
    entry,
    settings,
    logger: createLogger(logLevel).child({ modelId: entry.id }),
    onLoading: (progress) => tellParent({ type: 'loading', ...progress } satisfies FromPreparation),
  })
  const answer = await strategy.prepareModel(stopping.signal).then(
    (): FromPreparation => ({ type: 'prepared' }),
    (error: unknown): FromPreparation => ({ type: 'failed', failure: failureToWire(error) }),
  )
  tellParent(answer, () => process.exit(0))
}
