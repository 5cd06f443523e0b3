/** `paradox devices`: what a model could run on here, and why not on the rest. */

import { type Device, readConfig } from '../../config.ts'
import { chooseDevice, graphicsCards } from '../../devices/index.ts'
import { silentLogger } from '../../logger.ts'
import { sizeText } from '../output.ts'
import { table } from '../table.ts'
import { deviceFacts, memoryFacts, processorFacts } from './facts.ts'

/** @returns the text to print. @throws {ConfigError} */
export async function listDevices({ json }: { readonly json?: boolean | undefined }): Promise<string> {
  const { engine } = readConfig()
  const { device: configured, threads } = engine
  const processor = processorFacts()
  const memory = memoryFacts()
  const cards = await graphicsCards()
  const candidates: Device[] = ['cpu', 'webgpu', ...(cards.length > 0 ? cards : [{ index: 0 }]).map(cudaOf)]
  if (!candidates.includes(configured) && configured !== 'auto') candidates.push(configured)
  const devices = await deviceFacts(candidates, engine.dtype)
  const used = configured === 'auto' ? (await chooseDevice(engine, silentLogger)).device : configured
  if (json) {
    return `${JSON.stringify({ processor, memory, graphicsCards: cards, devices, configured, used }, null, 2)}\n`
  }
  const { model, architecture, cores, allCores, features, has8Bit } = processor
  const isPart = cores < allCores ? ` of ${allCores}` : ''
  return [
    `processor  ${model}, ${architecture}, ${cores}${isPart} cores${threads === undefined ? '' : `, THREADS=${threads}`}\n`,
    `           ${features.length > 0 ? features.join(' ') : 'its instructions are not known'}\n`,
    `           8-bit dot products: ${has8Bit ? 'yes' : 'no, so encoders are computed in float32'}\n`,
    `memory     ${sizeText(memory.totalBytes)}${memory.isLimited ? ' (limit of the container)' : ''}, ${sizeText(memory.availableBytes)} available\n`,
    `graphics   ${cards.length === 0 ? 'no NVIDIA card, or no driver for it' : cards.map(({ index, name, memoryBytes, driver }) => `${index}: ${name}, ${sizeText(memoryBytes)}, driver ${driver}`).join('; ')}\n\n`,
    table([
      ['DEVICE', 'USABLE', ''],
      ...devices.map(({ device, isUsable, reason }) => [
        device,
        isUsable ? 'yes' : 'no',
        device === used ? `(DEVICE=${configured}) ${reason ?? ''}` : (reason ?? ''),
      ]),
    ]),
  ].join('')
}

function cudaOf({ index }: { readonly index: number }): Device {
  return `cuda:${index}`
}
