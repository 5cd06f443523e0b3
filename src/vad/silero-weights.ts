/**
 * The weights of Silero VAD 6 for 16 kHz, out of the ONNX file that its npm package carries. They are found by the
 * structure of the graph, and what is not as expected is refused: a newer file with other layers must not pass.
 *
 * @see onnx/onnx:onnx/onnx.proto — the field numbers.
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ProtoMessage } from '../compiler/protobuf.ts'

export interface Convolution {
  /** [out × in × taps] row-major. */
  readonly weight: Float32Array
  readonly shape: readonly [nOut: number, nIn: number, nTaps: number]
  /** [out]; absent in the Fourier transform. */
  readonly bias: Float32Array | undefined
  readonly stride: number
}

export interface SileroWeights {
  /** [258 × 1 × 256]: 129 cosines, then 129 sines, every 128 samples. */
  readonly fourier: Convolution
  /** Kernels of three taps with one zero on each side, each followed by a Relu. */
  readonly encoder: readonly Convolution[]
  /** PyTorch's order of gates: input, forget, cell, output; [4 · 128 × 128] and [4 · 128]. */
  readonly lstm: {
    readonly inputWeight: Float32Array
    readonly stateWeight: Float32Array
    readonly inputBias: Float32Array
    readonly stateBias: Float32Array
  }
  /** [1 × 128 × 1] after a Relu, before a sigmoid. */
  readonly output: Convolution
}

/** Numbers of one LSTM state. */
export const STATE_SIZE = 128
const N_GATES = 4

/** What this compiler knows how to rebuild: shape and stride of each convolution, in the order of the graph. */
const CONVOLUTIONS: readonly (readonly [shape: Convolution['shape'], stride: number])[] = [
  [[258, 1, 256], 128],
  [[128, 129, 3], 1],
  [[64, 128, 3], 2],
  [[64, 64, 3], 2],
  [[128, 64, 3], 1],
  [[1, STATE_SIZE, 1], 1],
]

/** The model's file, inside the npm package that carries it. */
export function sileroPath(): string {
  return fileURLToPath(import.meta.resolve('@ricky0123/vad-web/dist/silero_vad_v6.onnx'))
}

/** @throws Error when the file is not the model that this code was written for. */
export function readSileroWeights(path = sileroPath()): SileroWeights {
  const [graph] = new ProtoMessage(readFileSync(path)).messages(7)
  if (!graph) throw unexpected('there is no graph')
  const nodes = branchFor16kHz(nodesOf(graph))
  const tensors = floatConstants(nodes)
  const convolutions = nodes.filter(({ type }) => type === 'Conv').map((node) => convolutionOf(node, tensors))
  checkConvolutions(convolutions)
  const [fourier, ...rest] = convolutions as [Convolution, ...Convolution[]] // their number was checked
  return { fourier, encoder: rest.slice(0, -1), output: rest.at(-1)!, lstm: lstmOf(tensors) }
}

interface Node {
  readonly type: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** AttributeProto by name. */
  readonly attributes: ReadonlyMap<string, ProtoMessage>
}

interface FloatTensor {
  readonly dims: readonly number[]
  readonly data: Float32Array
}

function nodesOf(graph: ProtoMessage): Node[] {
  return graph.messages(1).map((node) => ({
    type: node.string(4),
    inputs: node.strings(1),
    outputs: node.strings(2),
    attributes: new Map(node.messages(5).map((attribute) => [attribute.string(1), attribute])),
  }))
}

/** The file holds one network for each of two sample rates, in the branches of `if (sr == 16000)`. */
function branchFor16kHz(nodes: readonly Node[]): Node[] {
  const branching = nodes.find(({ type }) => type === 'If')
  const condition = nodes.find(({ outputs }) => outputs[0] === branching?.inputs[0])
  const isRate = condition?.type === 'Equal' && condition.inputs.some((name) => intConstant(nodes, name) === 16_000)
  const [branch] = branching?.attributes.get('then_branch')?.messages(6) ?? []
  if (!isRate || !branch) throw unexpected('no branch for 16 kHz was found')
  return nodesOf(branch)
}

/** TensorProto of a Constant node: dims 1, data_type 2, int64_data 7, raw_data 9. */
function constantTensor(node: Node | undefined): ProtoMessage | undefined {
  return node?.type === 'Constant' ? node.attributes.get('value')?.messages(5)[0] : undefined
}

function intConstant(nodes: readonly Node[], name: string): number | undefined {
  return constantTensor(nodes.find(({ outputs }) => outputs[0] === name))?.ints(7)[0]
}

function floatConstants(nodes: readonly Node[]): Map<string, FloatTensor> {
  const tensors = new Map<string, FloatTensor>()
  for (const node of nodes) {
    const tensor = constantTensor(node)
    const raw = tensor?.bytes(9)
    if (!tensor || !raw || tensor.ints(2)[0] !== 1) continue // 1 is float32
    // A copy, since in the file a tensor begins at any address, and a Float32Array only at a multiple of four.
    tensors.set(node.outputs[0]!, { dims: tensor.ints(1), data: new Float32Array(new Uint8Array(raw).buffer) })
  }
  return tensors
}

function convolutionOf(node: Node, tensors: ReadonlyMap<string, FloatTensor>): Convolution {
  const weight = tensors.get(node.inputs[1] ?? '')
  if (weight?.dims.length !== 3) throw unexpected(`a convolution's weight '${node.inputs[1]}' is no constant`)
  return {
    weight: weight.data,
    shape: weight.dims as unknown as Convolution['shape'], // three, as was checked
    bias: tensors.get(node.inputs[2] ?? '')?.data,
    stride: node.attributes.get('strides')?.ints(8)[0] ?? 1,
  }
}

function checkConvolutions(found: readonly Convolution[]): void {
  const text = (shape: readonly number[], stride: number) => `${shape.join('×')} by ${stride}`
  const actual = found.map(({ shape, stride }) => text(shape, stride)).join(', ')
  const wanted = CONVOLUTIONS.map(([shape, stride]) => text(shape, stride)).join(', ')
  if (actual !== wanted) throw unexpected(`its convolutions are ${actual} and not ${wanted}`)
}

function lstmOf(tensors: ReadonlyMap<string, FloatTensor>): SileroWeights['lstm'] {
  const nRows = N_GATES * STATE_SIZE
  const find = (parameter: string, dims: readonly number[]): Float32Array => {
    const found = [...tensors].filter(([name]) => name.endsWith(`rnn.${parameter}`))
    const [, tensor] = found[0] ?? []
    if (found.length !== 1 || tensor?.dims.join() !== dims.join()) {
      throw unexpected(`it has not one tensor rnn.${parameter} of ${dims.join('×')}`)
    }
    return tensor.data
  }
  return {
    inputWeight: find('weight_ih', [nRows, STATE_SIZE]),
    stateWeight: find('weight_hh', [nRows, STATE_SIZE]),
    inputBias: find('bias_ih', [nRows]),
    stateBias: find('bias_hh', [nRows]),
  }
}

function unexpected(what: string): Error {
  return new Error(`The file of Silero VAD is not built as version 6 is: ${what}.`)
}
