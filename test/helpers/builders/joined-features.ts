/** Features of several windows of one audio context as those of one batch. */

import { Tensor } from 'onnxruntime-node'
import type { AudioFeatures } from '../../../src/inference/index.ts'

export function joinFeatures(windows: readonly AudioFeatures[]): AudioFeatures {
  return Object.fromEntries(
    Object.entries(windows[0]!).map(([name, first]) => {
      const all = new Float32Array(windows.length * first.size)
      for (const [i, features] of windows.entries()) all.set(features[name]!.data as Float32Array, i * first.size)
      return [name, new Tensor('float32', all, [windows.length, ...first.dims.slice(1)])]
    }),
  )
}
