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
const DATA_TYPE = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const
export type DataType = keyof typeof DATA_TYPE

/** Bytes of one value, of the types that constants have. */
const CONSTANT_BYTES = { int64: 8, float32: 4, float16: 2 } as const

export type WeightData = Float32Array | Float16Array | Uint8Array | Int8Array

/** A dimension is a number, or a letter where it varies from run to run. */
export type Dim = number | string

export type Attributes = Readonly<Record<string, number | string | readonly number[] | Body>>

/** Attributes that ONNX types as float though their value may happen to be a whole number. */
const FLOAT_ATTRIBUTES: ReadonlySet<string> = new Set(['epsilon', 'alpha', 'beta', 'scale'])

/** Where the runtime finds a weight, in a file beside the graph. */
export interface WeightPlace {
  readonly fileName: string
  readonly offset: number
  readonly length: number
}

/** Takes the bytes of a weight and says where the runtime finds them again. */
export interface WeightSink {
  append(name: string, bytes: Uint8Array): WeightPlace
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

/** A value that enters a body: its shape may change from round to round, so it has none. */
export interface BodyInput {
  readonly name: string
  readonly type: DataType
  /** Its rank is 0; all others are of unknown rank. */
  readonly isScalar?: boolean
}

/** A graph inside a node: what Loop repeats, what If chooses. It sees all values around it. */
export interface Body {
  readonly name: string
  readonly inputs: readonly BodyInput[]
  readonly nodes: readonly Node[]
  readonly outputs: readonly (readonly [value: Value, type: DataType])[]
}

export class GraphBuilder {
  readonly #name: string
  readonly #sink: WeightSink | undefined
  readonly #graph = new ProtoWriter()
  /** Of the graph, or of the body that is being built. */
  #nodes: Node[] = []
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
    this.#graph.message(5, this.#sink ? external(tensor, this.#sink.append(name, bytes)) : tensor.bytes(9, bytes))
    return name
  }

  /** A small int64 tensor of one dimension, or a scalar; equal ones are stored once. */
  ints(values: number | readonly number[]): Value {
    const list = typeof values === 'number' ? [values] : values
    return this.#constant('int64', list, typeof values === 'number' ? [] : [list.length], (bytes, value, i) =>
      bytes.setBigInt64(8 * i, BigInt(value), true),
    )
  }

  /** A scalar of floating point; equal ones are stored once. */
  scalar(value: number, type: 'float32' | 'float16' = 'float32'): Value {
    return this.#constant(type, [value], [], (bytes, v, i) =>
      type === 'float32' ? bytes.setFloat32(4 * i, v, true) : bytes.setFloat16(2 * i, v, true),
    )
  }

  /** `value` as another type. */
  cast(value: Value, type: DataType): Value {
    return this.op('Cast', [value], { to: DATA_TYPE[type] })
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

  /**
   * A body for a node of type Loop or If: the nodes that `build` adds. Weights and constants stay those of the whole graph, so
   * that bodies share them.
   *
   * @param inputs  names that no other value has.
   * @param build   gives the body's outputs, none of them one of its inputs or a value from outside.
   */
  body(name: string, inputs: readonly BodyInput[], build: () => Body['outputs']): Body {
    const around = this.#nodes
    const nodes: Node[] = []
    this.#nodes = nodes
    try {
      return { name, inputs, outputs: build(), nodes }
    } finally {
      this.#nodes = around
    }
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
    for (const [name, value] of Object.entries(node.attributes)) {
      const isBody = typeof value === 'object' && 'nodes' in value
      proto.message(5, isBody ? this.#encodeBody(name, value) : attribute(name, value))
    }
    return proto.string(7, node.domain)
  }

  #encodeBody(attributeName: string, { name, inputs, nodes, outputs }: Body): ProtoWriter {
    const graph = new ProtoWriter()
    for (const node of nodes) graph.message(1, this.#encode(node))
    graph.string(2, name)
    for (const { name, type, isScalar } of inputs) graph.message(11, valueInfo(name, type, isScalar ? [] : undefined))
    for (const [value, type] of outputs) graph.message(12, valueInfo(value, type, undefined))
    return new ProtoWriter().string(1, attributeName).message(6, graph).int(20, 5)
  }

  #constant(
    type: keyof typeof CONSTANT_BYTES,
    values: readonly number[],
    dims: readonly number[],
    write: (bytes: DataView, value: number, index: number) => void,
  ): Value {
    const name = `const_${type}_${dims.length}_${values.join('_')}`
    const known = this.#constants.get(name)
    if (known !== undefined) return known
    const bytes = new Uint8Array(values.length * CONSTANT_BYTES[type])
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

function external(tensor: ProtoWriter, { fileName, offset, length }: WeightPlace): ProtoWriter {
  return tensor
    .message(13, new ProtoWriter().string(1, 'location').string(2, fileName))
    .message(13, new ProtoWriter().string(1, 'offset').string(2, String(offset)))
    .message(13, new ProtoWriter().string(1, 'length').string(2, String(length)))
    .int(14, 1) // data_location = EXTERNAL
}

/** @param dims  undefined: nothing is known of the shape, not even its rank. */
function valueInfo(name: string, type: DataType, dims: readonly Dim[] | undefined): ProtoWriter {
  const tensorType = new ProtoWriter().int(1, DATA_TYPE[type])
  if (dims) {
    const shape = new ProtoWriter()
    for (const dim of dims) {
      shape.message(1, typeof dim === 'number' ? new ProtoWriter().int(1, dim) : new ProtoWriter().string(2, dim))
    }
    tensorType.message(2, shape)
  }
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
