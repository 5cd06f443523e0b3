/**
 * Just enough of protobuf's wire format to write an ONNX model; `proto-message.ts` reads it.
 *
 * @see https://protobuf.dev/programming-guides/encoding/ — varints, tags and length-delimited fields.
 */

const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** A message under construction. Fields are written in the order of the calls; ONNX readers accept any order. */
export class ProtoWriter {
  readonly #parts: Uint8Array[] = []

  /** int32, int64 or enum; negative numbers take ten bytes, as protobuf demands. */
  int(field: number, value: number | bigint): this {
    return this.#push(varint(tag(field, VARINT)), varint(value))
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#push(varint(tag(field, FIXED32)), bytes)
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(varint(tag(field, LENGTH_DELIMITED)), varint(value.length), value)
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  message(field: number, value: ProtoWriter): this {
    return this.bytes(field, value.finish())
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts)
  }

  #push(...parts: Uint8Array[]): this {
    this.#parts.push(...parts)
    return this
  }
}

function tag(field: number, wireType: number): number {
  return (field << 3) | wireType
}

function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return Uint8Array.from(bytes)
}
