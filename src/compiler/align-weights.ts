/**
 * Mends what the runtime saves. It writes the packed forms of weights into the file of external data wherever the last
 * one ended (those under 1 MB, that is), but a packed matrix in blocks has inner parts that are found by rounding up
 * the *address* of the whole to 64 bytes: mapped at another remainder, its scales are looked for in the wrong place,
 * and the decoder of Whisper base answers NaN. Each piece that does not begin at a multiple of 64 is therefore written
 * once more, at the end of the file, where it does.
 *
 * @see microsoft/onnxruntime:onnxruntime/core/mlas/lib/qnbitgemm.h `PackedQuantBDataStruct`
 * @see microsoft/onnxruntime:onnxruntime/core/framework/tensor_external_data_info.cc — how the pieces are named.
 */

import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mapField, readFields, writeFields } from './protobuf.ts'

const ALIGNMENT = 64
const COPIED_BYTES = 1 << 24

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7
const GRAPH_INITIALIZER = 5
const TENSOR_EXTERNAL_DATA = 13
const ENTRY_KEY = 1
const ENTRY_VALUE = 2
const LENGTH_DELIMITED = 2

/** The runtime wrote fewer bytes than its own graph refers to, without complaint: a full disk does that. */
export class WeightsCutOffError extends Error {
  override readonly name = 'WeightsCutOffError'
}

/**
 * Moves misaligned weights of a saved graph, and makes sure that all of them lie within their file.
 *
 * @param modelPath  a graph whose weights are all in one file of its own folder; both files are changed.
 * @throws {WeightsCutOffError} when the file of weights ends too early.
 */
export function alignWeights(modelPath: string): void {
  const model = readFileSync(modelPath)
  using weights = new OpenWeights(dirname(modelPath))
  const aligned = mapField(model, MODEL_GRAPH, (graph) =>
    mapField(graph, GRAPH_INITIALIZER, (tensor) => alignTensor(tensor, weights)),
  )
  weights.flush()
  writeFileSync(modelPath, aligned, { flush: true })
}

function alignTensor(tensor: Uint8Array, weights: OpenWeights): Uint8Array {
  const entries = readFields(tensor)
    .filter((field) => field.number === TENSOR_EXTERNAL_DATA)
    .map(({ payload }) => entryOf(payload))
  if (entries.length === 0) return tensor
  const stated = (key: string) => entries.find((entry) => entry.key === key)?.value ?? '0'
  weights.use(stated('location'))
  const length = Number(stated('length'))
  // An original that has a packed form is only read to be packed, whatever its address.
  const isPacked = entries.some(({ key }) => key.startsWith('prepacked'))
  return mapField(tensor, TENSOR_EXTERNAL_DATA, (contents) => {
    const { key, value } = entryOf(contents)
    if (key === 'offset') return entryBytes(key, String(weights.place(Number(value), length, isPacked ? 1 : ALIGNMENT)))
    return key.startsWith('prepacked') ? entryBytes(key, alignPacked(value, weights)) : contents
  })
}

/** `name|offset;length;checksum|…`, one triple for each buffer of the packed form. */
function alignPacked(value: string, weights: OpenWeights): string {
  const [name, ...buffers] = value.split('|')
  const moved = buffers.map((buffer) => {
    const [offset, length, ...rest] = buffer.split(';')
    return [weights.place(Number(offset), Number(length), ALIGNMENT), length, ...rest].join(';')
  })
  return [name, ...moved].join('|')
}

interface Entry {
  readonly key: string
  readonly value: string
}

function entryOf(contents: Uint8Array): Entry {
  const fields = readFields(contents)
  const textOf = (number: number) =>
    new TextDecoder().decode(fields.find((field) => field.number === number)?.payload ?? new Uint8Array())
  return { key: textOf(ENTRY_KEY), value: textOf(ENTRY_VALUE) }
}

function entryBytes(key: string, value: string): Uint8Array {
  const field = (number: number, text: string) => ({
    number,
    wireType: LENGTH_DELIMITED,
    payload: new TextEncoder().encode(text),
  })
  return writeFields([field(ENTRY_KEY, key), field(ENTRY_VALUE, value)])
}

/** The file of weights, open to be read and to be appended to. */
class OpenWeights implements Disposable {
  readonly #folder: string
  #name: string | undefined
  #fd: number | undefined
  #size = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  use(name: string): void {
    if (this.#name === name) return
    if (this.#name !== undefined) throw new Error(`a saved graph has weights in both '${this.#name}' and '${name}'`)
    this.#name = name
    this.#fd = openSync(join(this.#folder, name), 'r+')
    this.#size = fstatSync(this.#fd).size
  }

  /** Where the bytes are that lie at `offset`: there if that is a multiple of `alignment`, else where they now are. */
  place(offset: number, length: number, alignment: number): number {
    if (offset + length > this.#size) throw new WeightsCutOffError(`'${this.#name}' ends before ${offset + length}`)
    if (offset % alignment === 0) return offset
    const place = Math.ceil(this.#size / alignment) * alignment
    const chunk = new Uint8Array(Math.min(length, COPIED_BYTES))
    for (let done = 0; done < length; ) {
      const got = readSync(this.#fd!, chunk, 0, Math.min(chunk.length, length - done), offset + done)
      for (let put = 0; put < got; ) put += writeSync(this.#fd!, chunk, put, got - put, place + done + put)
      done += got
    }
    this.#size = place + length
    return place
  }

  flush(): void {
    if (this.#fd !== undefined) fsyncSync(this.#fd)
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
  }
}
