/** One linear layer of a model's width, to find out which format this machine multiplies fastest. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TensorSource } from '../checkpoint/index.ts'
import { GraphBuilder } from './builder.ts'
import { WeightFile } from './compile.ts'
import { type Build, type LinearFormat, layerNorm, linear } from './layers.ts'
import { smoothedNormedLinears } from './quantize/smoothquant-layers.ts'

/**
 * A layer norm and the layer behind it, as an encoder or decoder has them: `y` [M × 2D] of `x` [1 × M × D].
 *
 * @param folder  to write into; holds at most one probe of each format.
 * @param width   D
 * @returns       path of the graph.
 * @throws the file system's own error.
 */
export function writeFormatProbe(folder: string, format: LinearFormat, width: number): string {
  const weightsName = `probe-${format}.weights`
  using weights = new WeightFile(join(folder, weightsName), weightsName)
  const g = new GraphBuilder('format-probe', weights)
  const x = g.input('x', 'float32', [1, 'M', width])
  const build: Build = { g, tensors: probeTensors(width), linearFormat: format }
  const y =
    format === 'smoothed8'
      ? smoothedNormedLinears(build, 'norm', ['fc1'], x)[0]!
      : linear(build, 'fc1', layerNorm(build, 'norm', x))
  g.output('y', y, 'float32', [1, 'M', 2 * width])
  const path = join(folder, `probe-${format}.onnx`)
  writeFileSync(path, g.finish())
  return path
}

/** The time does not depend on the values, as long as they are neither zero nor denormal. */
function probeTensors(width: number): TensorSource {
  const tensors: Record<string, { readonly shape: readonly number[]; readonly valueAt: (i: number) => number }> = {
    'norm.weight': { shape: [width], valueAt: () => 1 },
    'norm.bias': { shape: [width], valueAt: () => 0.1 },
    'fc1.weight': { shape: [2 * width, width], valueAt: (i) => ((i * 7919) % 211) / 1000 - 0.1 },
    'fc1.bias': { shape: [2 * width], valueAt: () => 0.1 },
  }
  return {
    names: () => Object.keys(tensors),
    has: (name) => name in tensors,
    shape: (name) => tensors[name]!.shape,
    read(name) {
      const { shape, valueAt } = tensors[name]!
      const data = new Float32Array(shape.reduce((size, dim) => size * dim, 1))
      for (let i = 0; i < data.length; i++) data[i] = valueAt(i)
      return data
    },
    [Symbol.dispose]: () => {},
  }
}
