/** NVIDIA's cards, by their driver's own program. */

import { outputOf } from './program-output.ts'

export interface GraphicsCard {
  readonly index: number
  readonly name: string
  readonly memoryBytes: number
  readonly driver: string
}

/** None where there is no driver. */
export async function graphicsCards(): Promise<readonly GraphicsCard[]> {
  const query = '--query-gpu=index,name,memory.total,driver_version'
  const text = await outputOf('nvidia-smi', [query, '--format=csv,noheader,nounits'])
  return (text ?? '')
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 4)
    .map(([index, name, mebibytes, driver]) => ({
      index: Number(index),
      name: name!,
      memoryBytes: Number(mebibytes) * 1024 ** 2,
      driver: driver!,
    }))
}
