/**
 * Builds one ONNX graph, node by node. Values are their names; the weights of a large model go to a sink outside the
 * graph, because a protobuf may not pass 2 GiB and because the runtime can then map them instead of copying.
 *
 * @see onnx/onnx:onnx/onnx.proto — the field numbers.
 */

import { ProtoWriter } from './protobuf.ts'

/** A value in the graph, by its name. */
export type Value = string & { readonly brand?: 'Value' }

/** Numbers of `TensorProto.DataType`. */
const DATA_TYPE = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10 } as const
export type DataType = keyof typeof DATA_TYPE

export type WeightData = Float32Array | Float16Array | Uint8Array | Int8Array

/** A dimension is a number, or a letter where it varies from run to run. */
export type Dim = number | string

export type Attributes = Readonly<Record<string, number | string | readonly number[]>>

/** Attributes that ONNX types as float though their value may happen to be a whole number. */
const FLOAT_ATTRIBUTES: ReadonlySet<string> = new Set(['epsilon', 'alpha', 'beta', 'scale'])

/** Takes the bytes of a weight and says where the runtime finds them again. */
export interface WeightSink {
  readonly fileName: string
  append(bytes: Uint8Array): { readonly offset: number; readonly length: number }
}

const OPSETS = [
  { domain: '', version: 17 },
  { domain: 'com.microsoft', version: 1 },
]
const IR_VERSION = 8

interface Node {
  readonly type: string
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly attributes: Attributes
  readonly domain: string
}

export class GraphBuilder {
  readonly #name: string
  readonly #sink: WeightSink | undefined
  readonly #graph = new ProtoWriter()
  readonly #nodes: Node[] = []
  readonly #outputNames = new Map<Value, string>()
  readonly #constants = new Map<string, Value>()
  readonly #weights = new Set<string>()
  readonly #nodeCount = new Map<string, number>()

  /** @param sink  takes the weights; without one they stay in the graph, as small models like it. */
  constructor(name: string, sink?: WeightSink) {
    this.#name = name
    this.#sink = sink
  }

  input(name: string, type: DataType, dims: readonly Dim[]): Value {
    this.#graph.message(11, valueInfo(name, type, dims))
    return name
  }

  /**
   * Makes `value` an output of the graph under the name `name`. The value itself takes that name, because an Identity
   * node in between could cost a copy where the caller passes a buffer for the output.
   */
  output(name: string, value: Value, type: DataType, dims: readonly Dim[]): void {
    this.#outputNames.set(value, name)
    this.#graph.message(12, valueInfo(name, type, dims))
  }

  /** States the type of a value where the runtime's own inference gives up. */
  declare(value: Value, type: DataType, dims: readonly Dim[]): void {
    this.#graph.message(13, valueInfo(value, type, dims))
  }

  /**
   * A tensor of the checkpoint, or one made of it, kept in the sink if there is one; asked for again by its name, it is
   * stored once.
   */
  weight(name: string, shape: readonly number[], data: WeightData): Value {
    if (this.#weights.has(name)) return name
    this.#weights.add(name)
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const type = dataTypeOf(data)
    const tensor = tensorHeader(name, type, shape)
    this.#graph.message(5, this.#sink ? external(tensor, this.#sink, bytes) : tensor.bytes(9, bytes))
    return name
  }

  /** A small int64 tensor of one dimension, or a scalar; equal ones are stored once. */
  ints(values: number | readonly number[]): Value {
    const list = typeof values === 'number' ? [values] : values
    return this.#constant('int64', list, typeof values === 'number' ? [] : [list.length], (bytes, value, i) =>
      bytes.setBigInt64(8 * i, BigInt(value), true),
    )
  }

  /** A float32 scalar; equal ones are stored once. */
  scalar(value: number): Value {
    return this.#constant('float32', [value], [], (bytes, v, i) => bytes.setFloat32(4 * i, v, true))
  }

  /** Adds a node of the standard operator set and returns its only output. */
  op(type: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.ops(type, inputs, 1, attributes)[0]!
  }

  /** Adds a node of the standard operator set with several outputs. */
  ops(type: string, inputs: readonly Value[], nOutputs: number, attributes: Attributes = {}): Value[] {
    return this.#node(type, inputs, nOutputs, attributes, '')
  }

  /**
   * Adds a node of onnxruntime's own operator set. An empty name leaves out an optional input; `skipped` names optional
   * outputs, by index, that shall not be computed.
   */
  contrib(
    type: string,
    inputs: readonly Value[],
    nOutputs: number,
    attributes: Attributes = {},
    skipped: readonly number[] = [],
  ): Value[] {
    return this.#node(type, inputs, nOutputs, attributes, 'com.microsoft', skipped)
  }

  /** The whole model as ONNX bytes. */
  finish(): Uint8Array {
    this.#graph.string(2, this.#name)
    for (const node of this.#nodes) this.#graph.message(1, this.#encode(node))
    const model = new ProtoWriter().int(1, IR_VERSION).string(2, 'paradox-asr')
    for (const { domain, version } of OPSETS) {
      model.message(8, new ProtoWriter().string(1, domain).int(2, version))
    }
    return model.message(7, this.#graph).finish()
  }

  #node(
    type: string,
    inputs: readonly Value[],
    nOutputs: number,
    attributes: Attributes,
    domain: string,
    skipped: readonly number[] = [],
  ): Value[] {
    const count = this.#nodeCount.get(type) ?? 0
    this.#nodeCount.set(type, count + 1)
    const outputs = Array.from({ length: nOutputs }, (_, i) =>
      skipped.includes(i) ? '' : `${type}_${count}${i === 0 ? '' : `_${i}`}`,
    )
    this.#nodes.push({ type, inputs, outputs, attributes, domain })
    return outputs
  }

  #encode(node: Node): ProtoWriter {
    const nameOf = (value: Value) => this.#outputNames.get(value) ?? value
    const proto = new ProtoWriter()
    for (const input of node.inputs) proto.string(1, nameOf(input))
    for (const output of node.outputs) proto.string(2, nameOf(output))
    proto.string(3, node.outputs[0]!).string(4, node.type)
    for (const [name, value] of Object.entries(node.attributes)) proto.message(5, attribute(name, value))
    return proto.string(7, node.domain)
  }

  #constant(
    type: DataType,
    values: readonly number[],
    dims: readonly number[],
    write: (bytes: DataView, value: number, index: number) => void,
  ): Value {
    const name = `const_${type}_${dims.length}_${values.join('_')}`
    const known = this.#constants.get(name)
    if (known !== undefined) return known
    const bytes = new Uint8Array(values.length * (type === 'int64' ? 8 : 4))
    const view = new DataView(bytes.buffer)
    values.forEach((value, i) => {
      write(view, value, i)
    })
    this.#graph.message(5, tensorHeader(name, type, dims).bytes(9, bytes))
    this.#constants.set(name, name)
    return name
  }
}

function dataTypeOf(data: WeightData): DataType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float16Array) return 'float16'
  return data instanceof Int8Array ? 'int8' : 'uint8'
}

function tensorHeader(name: string, type: DataType, dims: readonly number[]): ProtoWriter {
  const tensor = new ProtoWriter()
  for (const dim of dims) tensor.int(1, dim)
  return tensor.int(2, DATA_TYPE[type]).string(8, name)
}

function external(tensor: ProtoWriter, sink: WeightSink, bytes: Uint8Array): ProtoWriter {
  const { offset, length } = sink.append(bytes)
  return tensor
    .message(13, new ProtoWriter().string(1, 'location').string(2, sink.fileName))
    .message(13, new ProtoWriter().string(1, 'offset').string(2, String(offset)))
    .message(13, new ProtoWriter().string(1, 'length').string(2, String(length)))
    .int(14, 1) // data_location = EXTERNAL
}

function valueInfo(name: string, type: DataType, dims: readonly Dim[]): ProtoWriter {
  const shape = new ProtoWriter()
  for (const dim of dims) {
    shape.message(1, typeof dim === 'number' ? new ProtoWriter().int(1, dim) : new ProtoWriter().string(2, dim))
  }
  const tensorType = new ProtoWriter().int(1, DATA_TYPE[type]).message(2, shape)
  return new ProtoWriter().string(1, name).message(2, new ProtoWriter().message(1, tensorType))
}

function attribute(name: string, value: number | string | readonly number[]): ProtoWriter {
  const proto = new ProtoWriter().string(1, name)
  if (typeof value === 'string') return proto.bytes(4, new TextEncoder().encode(value)).int(20, 3)
  if (typeof value !== 'number') {
    for (const entry of value) proto.int(8, entry)
    return proto.int(20, 7)
  }
  return FLOAT_ATTRIBUTES.has(name) ? proto.float(2, value).int(20, 1) : proto.int(3, value).int(20, 2)
}
