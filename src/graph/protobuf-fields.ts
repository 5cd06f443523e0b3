/**
 * Just enough of protobuf's wire format to change a few fields of an ONNX model and leave all others as they are.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */

/** One field: its number and wire type, and its payload as it lies in the message. */
export interface Field {
  readonly number: number
  readonly wireType: number
  /** Of a length-delimited field the contents; of a varint its bytes; of fixed32 and fixed64 theirs. */
  readonly payload: Uint8Array
}

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** @throws {RangeError} when the bytes are no message, or end too early. */
export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]
      if (byte === undefined) throw new RangeError('the message ends within a number')
      value += (byte & 0x7f) * scale // exact below 2^53, and no length or tag of ours comes near
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const tag = varint()
    const wireType = tag % 8
    const from = at
    let length: number
    if (wireType === LENGTH_DELIMITED) length = varint()
    else if (wireType === FIXED32) length = 4
    else if (wireType === FIXED64) length = 8
    else if (wireType === VARINT) {
      varint()
      length = at - from
      at = from
    } else throw new RangeError(`wire type ${wireType} is none of ONNX's`)
    if (at + length > message.length) throw new RangeError('the message ends within a field')
    fields.push({ number: Math.floor(tag / 8), wireType, payload: message.subarray(at, at + length) })
    at += length
  }
  return fields
}

export function writeFields(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { number, wireType, payload } of fields) {
    parts.push(varintBytes(number * 8 + wireType))
    if (wireType === LENGTH_DELIMITED) parts.push(varintBytes(payload.length))
    parts.push(payload)
  }
  return Buffer.concat(parts)
}

/** `message` with the contents of every field `number` replaced by what `change` makes of them. */
export function mapField(
  message: Uint8Array,
  number: number,
  change: (contents: Uint8Array) => Uint8Array,
): Uint8Array {
  return writeFields(
    readFields(message).map((field) =>
      field.number === number ? { ...field, payload: change(field.payload) } : field,
    ),
  )
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low + 128 : low)
  } while (rest > 0)
  return Uint8Array.from(bytes)
}
