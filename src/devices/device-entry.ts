/** A process that lives for one question: does this device run a model, and rightly? */

import { readFileSync } from 'node:fs'
import { failureToWire } from '../errors/index.ts'
import { checkDevice } from '../models/index.ts'
import { serveParent, tellParent } from '../processes/parent.ts'
import type { DeviceAnswer, DeviceQuestion } from './check.ts'
import { SOFTWARE_DRIVERS } from './vulkan-drivers.ts'

serveParent(async ({ device, dtype, folder }: DeviceQuestion) => {
  const answer = await checkDevice(device, { dtype, folder }).then(
    ({ hasHalves }): DeviceAnswer => {
      return { type: 'usable', isSoftware: device === 'webgpu' && usesSoftwareDriver(), hasHalves }
    },
    (error: unknown): DeviceAnswer => ({ type: 'failed', failure: failureToWire(error) }),
  )
  tellParent(answer, () => process.exit(0))
})

/** The runtime does not tell which adapter it has taken, but what it has loaded can be seen. */
function usesSoftwareDriver(): boolean {
  try {
    return SOFTWARE_DRIVERS.test(readFileSync('/proc/self/maps', 'utf8'))
  } catch {
    return false // only Linux has it; Metal has no software adapter
  }
}
