/** Which heads' cross-attention scores a run of the decoder shall give. */

import { type InferenceSession, Tensor } from 'onnxruntime-node'

/** (layer, head) pairs of cross-attention by which words are aligned. */
export type AlignmentHeads = readonly (readonly [layer: number, head: number])[]

/** `alignment_heads_L` for each layer that has such an input: the heads of `wanted`, which may be none. */
export function alignmentHeadInputs(session: InferenceSession, wanted: AlignmentHeads): Record<string, Tensor> {
  const prefix = 'alignment_heads_'
  const names = session.inputNames.filter((name) => name.startsWith(prefix))
  return Object.fromEntries(
    names.map((name) => {
      const layer = Number(name.slice(prefix.length))
      const heads = wanted.filter(([ofLayer]) => ofLayer === layer).map(([, head]) => BigInt(head))
      return [name, new Tensor('int64', BigInt64Array.from(heads), [heads.length])]
    }),
  )
}
