/**
 * Just enough of protobuf's wire format to read an ONNX model; `protobuf.ts` writes it.
 *
 * @see https://protobuf.dev/programming-guides/encoding/ — varints, tags and length-delimited fields.
 */

/** Numbers of the wire types; 3 and 4, groups, are long gone from every schema. */
const WIRE = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const

/** A varint of more bytes would have more than 64 bits. */
const LONGEST_VARINT = 10

type Field = bigint | Uint8Array

/** One message, taken apart into its fields; what they mean is known to who asks for them by number. */
export class ProtoMessage {
  readonly #fields = new Map<number, Field[]>()

  /**
   * @param bytes  of one whole message; strings and messages inside are views into them.
   * @throws Error when they end inside a field or hold a wire type that there is not.
   */
  constructor(bytes: Uint8Array) {
    const reader = new WireReader(bytes)
    while (!reader.isAtEnd) {
      const tag = Number(reader.varint())
      const values = this.#fields.get(tag >>> 3) ?? []
      values.push(reader.value(tag & 7))
      this.#fields.set(tag >>> 3, values)
    }
  }

  /** Whole numbers of a repeated field, one by one or packed; empty where the field is absent. */
  ints(field: number): number[] {
    return this.#all(field).flatMap((value) => (typeof value === 'bigint' ? [toInt(value)] : packedInts(value)))
  }

  /** undefined where the field is absent. */
  bytes(field: number): Uint8Array | undefined {
    return this.#all(field).find((value) => typeof value !== 'bigint')
  }

  strings(field: number): string[] {
    return this.#lengthDelimited(field).map((bytes) => new TextDecoder().decode(bytes))
  }

  /** '' where the field is absent, as protobuf has it. */
  string(field: number): string {
    return this.strings(field)[0] ?? ''
  }

  messages(field: number): ProtoMessage[] {
    return this.#lengthDelimited(field).map((bytes) => new ProtoMessage(bytes))
  }

  #all(field: number): readonly Field[] {
    return this.#fields.get(field) ?? []
  }

  #lengthDelimited(field: number): Uint8Array[] {
    return this.#all(field).filter((value) => typeof value !== 'bigint')
  }
}

class WireReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): bigint {
    let value = 0n
    for (let i = 0; i < LONGEST_VARINT; i++) {
      const byte = this.#take(1)[0]! // take gives what it was asked for or throws
      value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte < 0x80) return value
    }
    throw new Error(`This is no protobuf: a number at byte ${this.#at} does not end.`)
  }

  value(wireType: number): Field {
    switch (wireType) {
      case WIRE.varint:
        return this.varint()
      case WIRE.fixed64:
        return this.#take(8)
      case WIRE.lengthDelimited:
        return this.#take(Number(this.varint()))
      case WIRE.fixed32:
        return this.#take(4)
      default:
        throw new Error(`This is no protobuf: wire type ${wireType} before byte ${this.#at}.`)
    }
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Error(`The protobuf ends inside a field, at byte ${this.#bytes.length}.`)
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}

function packedInts(bytes: Uint8Array): number[] {
  const reader = new WireReader(bytes)
  const values: number[] = []
  while (!reader.isAtEnd) values.push(toInt(reader.varint()))
  return values
}

/** Negative numbers are written in two's complement of 64 bits. */
function toInt(value: bigint): number {
  return Number(BigInt.asIntN(64, value))
}
