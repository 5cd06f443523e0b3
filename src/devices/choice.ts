/** Decides, before any engine starts, which device they compute on. */

import type { Dtype, EngineSettings } from '../config.ts'
import { checkPrecision } from '../device-precision.ts'
import { ConfigError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import { candidatesFor, type MachineSigns, signsOfMachine } from './candidates.ts'
import { checkDevice } from './check.ts'
import { withoutSoftwareDrivers } from './vulkan-drivers.ts'

/** Parts that tests replace. */
export interface Surroundings {
  readonly signs?: MachineSigns
  /** Ends a trial; left out: after two minutes. */
  readonly trialLimit?: AbortSignal
}

/**
 * `settings` with a device that is there: the one that is asked for; for `auto` CUDA, else WebGPU on a real GPU, else
 * the CPU. A device is usable when a small model computes on it what it computes on the CPU, in a process
 * that neither dies nor hangs. The log says what was taken, and why not what comes before it.
 *
 * @throws {ConfigError} for a precision that the device does not compute.
 * @throws {DeviceUnavailableError} when what is asked for is not there.
 */
export async function chooseDevice(
  settings: EngineSettings,
  logger: Logger,
  surroundings: Surroundings = {},
): Promise<EngineSettings> {
  // A trial takes seconds, and with a driver that hangs a minute: what is waited for should be in the log meanwhile.
  if (settings.device !== 'cpu') logger.info({ device: settings.device }, 'trying the device')
  switch (settings.device) {
    case 'cpu':
      return settings
    case 'auto':
      return await chooseFreely(settings, logger, surroundings)
    case 'webgpu':
      checkPrecision(settings.dtype, settings.device)
      return await webGpuAsAsked(settings, logger, surroundings)
    default:
      await checkDevice(settings.device, { dtype: settings.dtype, limit: surroundings.trialLimit })
      return settings
  }
}

async function chooseFreely(
  settings: EngineSettings,
  logger: Logger,
  { signs = signsOfMachine(), trialLimit: limit }: Surroundings,
): Promise<EngineSettings> {
  const { dtype } = settings
  const { toTry, passedOver: unfit } = candidatesFor(dtype, signs)
  const passedOver: Record<string, string> = { ...unfit }
  for (const device of toTry) {
    const deviceEnvironment = device === 'webgpu' ? withoutSoftwareDrivers(process.env) : undefined
    try {
      const { isSoftware, hasHalves } = await checkDevice(device, { dtype, environment: deviceEnvironment, limit })
      if (isSoftware) passedOver[device] = 'its only adapter is played by the processor'
      else if (dtype === 'float16' && !hasHalves) passedOver[device] = 'it does not compute in float16'
      else {
        const chosen = device === 'webgpu' ? webGpuPrecision(settings, hasHalves) : dtype
        logger.info({ device, dtype: chosen, passedOver }, 'chose the device')
        return { ...settings, device, dtype: chosen, deviceEnvironment }
      }
    } catch (error) {
      passedOver[device] = error instanceof Error ? error.message : String(error)
    }
  }
  logger.info({ device: 'cpu', passedOver }, 'chose the device')
  return { ...settings, device: 'cpu' }
}

/** A real GPU where there is one, else whatever Vulkan driver there is. */
async function webGpuAsAsked(
  settings: EngineSettings,
  logger: Logger,
  { trialLimit: limit }: Surroundings,
): Promise<EngineSettings> {
  const deviceEnvironment = withoutSoftwareDrivers(process.env)
  const real = await checkDevice('webgpu', { environment: deviceEnvironment, limit }).catch((error: unknown) => {
    logger.debug({ err: error }, 'no real GPU computes rightly by WebGPU')
    return undefined
  })
  if (real && !real.isSoftware) {
    return { ...settings, deviceEnvironment, dtype: webGpuPrecision(settings, real.hasHalves) }
  }
  const { isSoftware, hasHalves } = await checkDevice('webgpu', { limit })
  if (isSoftware) logger.warn({ device: 'webgpu' }, 'the GPU is played by the processor, so all will be very slow')
  return { ...settings, dtype: webGpuPrecision(settings, hasHalves) }
}

/**
 * Half precision where the adapter has it (`shader-f16`): half the memory, and of a step half the time, which is that of
 * reading weights.
 *
 * @throws {ConfigError} for float16 where it has not.
 */
function webGpuPrecision({ dtype }: EngineSettings, hasHalves: boolean): Dtype {
  if (dtype === 'auto') return hasHalves ? 'float16' : 'float32'
  if (dtype === 'float16' && !hasHalves) {
    throw new ConfigError('DTYPE', dtype, 'auto or float32: this GPU does not compute in half precision')
  }
  return dtype
}
