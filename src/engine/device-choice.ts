/** Decides, before any engine starts, which device they compute on. */

import type { EngineSettings } from '../config.ts'
import { ConfigError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import { candidatesFor, has8Bits, signsOfMachine } from './device-candidates.ts'
import { checkDevice } from './device-check.ts'
import { withoutSoftwareDrivers } from './vulkan-drivers.ts'

/**
 * `settings` with a device that is there: the one that is asked for; for `auto` CUDA, else WebGPU on a real GPU, else
 * the processor. A device is usable when a small model computes on it what it computes on the processor. The log says
 * what was taken, and why not what comes before it.
 *
 * @throws {ConfigError} for a precision that the device does not compute.
 * @throws {DeviceUnavailableError} when what is asked for is not there.
 */
export async function chooseDevice(settings: EngineSettings, logger: Logger): Promise<EngineSettings> {
  switch (settings.device) {
    case 'cpu':
      return settings
    case 'auto':
      return await chooseFreely(settings, logger)
    case 'webgpu':
      if (has8Bits(settings.dtype)) {
        throw new ConfigError('DTYPE', settings.dtype, 'auto or float32 with DEVICE=webgpu, or DEVICE=cpu')
      }
      return await webGpuAsAsked(settings, logger)
    default:
      await checkDevice(settings.device)
      return settings
  }
}

async function chooseFreely(settings: EngineSettings, logger: Logger): Promise<EngineSettings> {
  const { toTry, passedOver: unfit } = candidatesFor(settings.dtype, signsOfMachine())
  const passedOver: Record<string, string> = { ...unfit }
  for (const device of toTry) {
    const deviceEnvironment = device === 'webgpu' ? withoutSoftwareDrivers(process.env) : undefined
    try {
      const { isSoftware } = await checkDevice(device, deviceEnvironment)
      if (!isSoftware) {
        logger.info({ device, passedOver }, 'chose the device')
        return { ...settings, device, deviceEnvironment }
      }
      passedOver[device] = 'its only adapter is played by the processor'
    } catch (error) {
      passedOver[device] = error instanceof Error ? error.message : String(error)
    }
  }
  logger.info({ device: 'cpu', passedOver }, 'chose the device')
  return { ...settings, device: 'cpu' }
}

/** A real GPU where there is one, else whatever Vulkan driver there is. */
async function webGpuAsAsked(settings: EngineSettings, logger: Logger): Promise<EngineSettings> {
  const deviceEnvironment = withoutSoftwareDrivers(process.env)
  try {
    const { isSoftware } = await checkDevice('webgpu', deviceEnvironment)
    if (!isSoftware) return { ...settings, deviceEnvironment }
  } catch (error) {
    logger.debug({ err: error }, 'no real GPU computes rightly by WebGPU')
  }
  const { isSoftware } = await checkDevice('webgpu')
  if (isSoftware) logger.warn({ device: 'webgpu' }, 'the GPU is played by the processor, so all will be very slow')
  return settings
}
