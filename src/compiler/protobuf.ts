/**
 * Just enough of protobuf's wire format to write an ONNX model, to read one, and to change a few of its fields.
 *
 * @see https://protobuf.dev/programming-guides/encoding/ — varints, tags and length-delimited fields.
 */

/** Numbers of the wire types; 3 and 4, groups, are long gone from every schema. */
const WIRE = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const

/** A varint of more bytes would have more than 64 bits. */
const LONGEST_VARINT = 10

// ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One field: its number and wire type, and its payload as it lies in the message. */
export interface Field {
  readonly number: number
  readonly wireType: number
  /** Of a length-delimited field the contents; of a varint its bytes; of fixed32 and fixed64 theirs. */
  readonly payload: Uint8Array
}

/**
 * @param message  one whole message; the payloads are views into it.
 * @throws {RangeError} when the bytes are no message, or end too early.
 */
export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = []
  for (let at = 0; at < message.length; ) {
    const tag = varintAt(message, at)
    const number = Number(tag.value >> 3n)
    const wireType = Number(tag.value & 7n)
    const { from, to } = payloadAt(message, tag.end, wireType)
    if (to > message.length) throw new RangeError(`the message ends within a field, at byte ${message.length}`)
    fields.push({ number, wireType, payload: message.subarray(from, to) })
    at = to
  }
  return fields
}

export function writeFields(fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(({ number, wireType, payload }) => {
    const tag = varint((number << 3) | wireType)
    return wireType === WIRE.lengthDelimited ? [tag, varint(payload.length), payload] : [tag, payload]
  })
  return Buffer.concat(parts)
}

/** `message` with the contents of every field `number` replaced by what `change` makes of them. */
export function mapField(
  message: Uint8Array,
  number: number,
  change: (contents: Uint8Array) => Uint8Array,
): Uint8Array {
  const changed = readFields(message).map((field) => {
    return field.number === number ? { ...field, payload: change(field.payload) } : field
  })
  return writeFields(changed)
}

function payloadAt(message: Uint8Array, at: number, wireType: number): { from: number; to: number } {
  switch (wireType) {
    case WIRE.varint:
      return { from: at, to: varintAt(message, at).end }
    case WIRE.fixed64:
      return { from: at, to: at + 8 }
    case WIRE.fixed32:
      return { from: at, to: at + 4 }
    case WIRE.lengthDelimited: {
      const { value, end } = varintAt(message, at)
      return { from: end, to: end + Number(value) }
    }
    default:
      throw new RangeError(`wire type ${wireType} before byte ${at} is none of protobuf's`)
  }
}

function varintAt(bytes: Uint8Array, at: number): { value: bigint; end: number } {
  let value = 0n
  for (let i = 0; i < LONGEST_VARINT; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) throw new RangeError('the message ends within a number')
    value |= BigInt(byte & 0x7f) << BigInt(7 * i)
    if (byte < 0x80) return { value, end: at + i + 1 }
  }
  throw new RangeError(`the number at byte ${at} does not end`)
}

/** Negative numbers take ten bytes, as protobuf demands. */
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

// ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A message under construction. Fields are written in the order of the calls; ONNX readers accept any order. */
export class ProtoWriter {
  readonly #fields: Field[] = []

  /** int32, int64 or enum. */
  int(field: number, value: number | bigint): this {
    return this.#add(field, WIRE.varint, varint(value))
  }

  float(field: number, value: number): this {
    return this.#add(field, WIRE.fixed32, new Uint8Array(Float32Array.of(value).buffer)) // every machine of ours is little-endian
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#add(field, WIRE.lengthDelimited, value)
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  message(field: number, value: ProtoWriter): this {
    return this.bytes(field, value.finish())
  }

  finish(): Uint8Array {
    return writeFields(this.#fields)
  }

  #add(number: number, wireType: number, payload: Uint8Array): this {
    this.#fields.push({ number, wireType, payload })
    return this
  }
}

/** One message, taken apart into its fields; what they mean is known to who asks for them by number. */
export class ProtoMessage {
  readonly #fields: readonly Field[]

  /**
   * @param bytes  of one whole message; strings and messages inside are views into them.
   * @throws {RangeError} as `readFields`.
   */
  constructor(bytes: Uint8Array) {
    this.#fields = readFields(bytes)
  }

  /** Whole numbers of a repeated field, one by one or packed; empty where the field is absent. */
  ints(field: number): number[] {
    return this.#all(field).flatMap(({ payload }) => {
      const values: number[] = []
      for (let at = 0; at < payload.length; ) {
        const { value, end } = varintAt(payload, at)
        values.push(Number(BigInt.asIntN(64, value))) // negative ones are written in two's complement
        at = end
      }
      return values
    })
  }

  /** undefined where the field is absent. */
  bytes(field: number): Uint8Array | undefined {
    return this.#all(field).find(({ wireType }) => wireType !== WIRE.varint)?.payload
  }

  strings(field: number): string[] {
    return this.#contents(field).map((bytes) => new TextDecoder().decode(bytes))
  }

  /** '' where the field is absent, as protobuf has it. */
  string(field: number): string {
    return this.strings(field)[0] ?? ''
  }

  messages(field: number): ProtoMessage[] {
    return this.#contents(field).map((bytes) => new ProtoMessage(bytes))
  }

  #all(number: number): readonly Field[] {
    return this.#fields.filter((field) => field.number === number)
  }

  #contents(number: number): Uint8Array[] {
    return this.#all(number).flatMap(({ wireType, payload }) => (wireType === WIRE.lengthDelimited ? [payload] : []))
  }
}
