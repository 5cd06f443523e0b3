/**
 * Reads the pickle of a state dict. A pickle is a program for a small stack machine, which can call whatever Python can import;
 * this machine knows the operations that put together numbers, texts, tuples, lists and dicts, and of callables those that
 * its caller gives it. It imports nothing, and what it does not know ends it.
 *
 * @see python/cpython:Lib/pickletools.py — the operations; pytorch/pytorch:torch/_weights_only_unpickler.py — the same idea.
 */

import { CheckpointCorruptError, CheckpointUnsupportedError } from '../errors/index.ts'

export type PickleValue =
  | null
  | boolean
  | number
  | string
  | PickleValue[]
  | Map<string | number, PickleValue>
  | PickleGlobal
  | PickleObject

/** What the caller makes of a persistent id, or gives as the result of a callable. */
export abstract class PickleObject {
  abstract readonly kind: string
}

/** A name that a pickle may use: to be called, or to be handed on as it is. */
export class PickleGlobal {
  readonly name: string
  readonly call: ((args: readonly PickleValue[]) => PickleValue) | undefined

  constructor(name: string, call?: (args: readonly PickleValue[]) => PickleValue) {
    this.name = name
    this.call = call
  }
}

export interface PickleReader {
  /** By Python's dotted name. */
  readonly globals: ReadonlyMap<string, PickleGlobal>
  readonly persistent: (id: PickleValue) => PickleValue
  /** Base name, for messages. */
  readonly file: string
}

/** The pickle of large-v3 has 110,000. Each of them adds at most one value. */
const MAX_OPERATIONS = 500_000

/**
 * The value that the pickle makes.
 *
 * @throws {CheckpointUnsupportedError} when it names something that no state dict needs.
 * @throws {CheckpointCorruptError} when it is no pickle, or damaged.
 */
export function readPickle(bytes: Buffer, reader: PickleReader): PickleValue {
  return new Machine(bytes, reader).run()
}

const MARK = Symbol('mark')

class Machine {
  readonly #bytes: Buffer
  readonly #reader: PickleReader
  readonly #stack: (PickleValue | typeof MARK)[] = []
  readonly #memo = new Map<number, PickleValue>()
  #at = 0

  constructor(bytes: Buffer, reader: PickleReader) {
    this.#bytes = bytes
    this.#reader = reader
  }

  run(): PickleValue {
    for (let i = 0; i < MAX_OPERATIONS; i++) {
      const operation = this.#take(1)[0]!
      if (operation === STOP) return this.#pop()
      const value = this.#do(operation)
      if (value !== undefined) this.#stack.push(value)
    }
    throw this.#corrupt('its pickle has too many operations')
  }

  /**
   * Does one operation. The letters are those of pickletools; from 0x80 on operations have none.
   *
   * @returns what it puts on the stack; undefined: nothing.
   */
  #do(operation: number): PickleValue | typeof MARK | undefined {
    switch (operation) {
      case 0x80: // PROTO
        this.#take(1)
        return undefined
      case 0x95: // FRAME
        this.#take(8)
        return undefined
      case letter('N'):
        return null
      case 0x88: // NEWTRUE
        return true
      case 0x89: // NEWFALSE
        return false
      case letter('K'):
        return this.#take(1).readUInt8()
      case letter('M'):
        return this.#take(2).readUInt16LE()
      case letter('J'):
        return this.#take(4).readInt32LE()
      case 0x8a: // LONG1
        return this.#long(this.#take(this.#take(1).readUInt8()))
      case letter('G'):
        return this.#take(8).readDoubleBE()
      case letter('X'):
        return this.#take(this.#take(4).readUInt32LE()).toString('utf8')
      case 0x8c: // SHORT_BINUNICODE
        return this.#take(this.#take(1).readUInt8()).toString('utf8')
      case letter(')'):
      case letter(']'):
        return []
      case letter('}'):
        return new Map()
      case letter('('):
        return MARK
      case letter('t'):
        return this.#popToMark()
      case 0x85: // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87:
        return this.#popMany(operation - 0x84)
      case letter('a'):
        return this.#append([this.#pop()])
      case letter('e'):
        return this.#append(this.#popToMark())
      case letter('s'):
        return this.#setItems(this.#popMany(2))
      case letter('u'):
        return this.#setItems(this.#popToMark())
      case letter('q'):
        return this.#remember(this.#take(1).readUInt8())
      case letter('r'):
        return this.#remember(this.#take(4).readUInt32LE())
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.size)
      case letter('h'):
        return this.#recalled(this.#take(1).readUInt8())
      case letter('j'):
        return this.#recalled(this.#take(4).readUInt32LE())
      case letter('c'):
        return this.#global(this.#line(), this.#line())
      case 0x93: // STACK_GLOBAL
        return this.#global(...this.#popMany(2))
      case letter('Q'):
        return this.#reader.persistent(this.#pop())
      case letter('R'):
        return this.#called(...this.#popMany(2))
      case letter('b'):
        return this.#ignoreAttributes()
      default:
        throw this.#corrupt(`its pickle has the operation 0x${operation.toString(16)}, which no state dict needs`)
    }
  }

  #global(module?: PickleValue, name?: PickleValue): PickleGlobal {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.#corrupt('a name in its pickle is no text')
    const global = this.#reader.globals.get(`${module}.${name}`)
    if (global) return global
    throw new CheckpointUnsupportedError(
      `its '${this.#reader.file}' holds more than a state dict: it names '${module}.${name}'`,
      'Save the weights alone, by torch.save(model.state_dict(), …) or better as safetensors: nothing in a file is ever run.',
    )
  }

  #called(callable?: PickleValue, args?: PickleValue): PickleValue {
    if (callable instanceof PickleGlobal && callable.call && Array.isArray(args)) return callable.call(args)
    throw this.#corrupt('its pickle calls what cannot be called')
  }

  /** Those of a dict, such as the versions of its modules, are no tensors. */
  #ignoreAttributes(): undefined {
    this.#pop()
    if (!(this.#top() instanceof Map)) throw this.#corrupt('its pickle gives attributes to what has none')
  }

  #setItems(items: readonly PickleValue[]): undefined {
    const dict = this.#top()
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw this.#corrupt('its pickle fills what is no dict')
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]
      if (typeof key !== 'string' && typeof key !== 'number') throw this.#corrupt('a key in its pickle is no text')
      dict.set(key, items[i + 1]!)
    }
  }

  #append(items: readonly PickleValue[]): undefined {
    const list = this.#top()
    if (!Array.isArray(list)) throw this.#corrupt('its pickle fills what is no list')
    for (const item of items) list.push(item)
  }

  #remember(place: number): undefined {
    this.#memo.set(place, this.#top())
  }

  #recalled(place: number): PickleValue {
    const value = this.#memo.get(place)
    if (value === undefined) throw this.#corrupt('its pickle recalls what it has not remembered')
    return value
  }

  #pop(): PickleValue {
    const value = this.#top()
    this.#stack.pop()
    return value
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1)
    if (value === undefined || value === MARK) throw this.#corrupt('its pickle takes what is not there')
    return value
  }

  #popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse()
  }

  #popToMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK)
    if (mark < 0) throw this.#corrupt('its pickle takes what is not there')
    const values = this.#stack.splice(mark)
    return values.slice(1) as PickleValue[] // the mark was the last
  }

  /** Little-endian two's complement. */
  #long(bytes: Buffer): number {
    if (bytes.length > 8) throw this.#corrupt('a number in its pickle is too large')
    let value = 0n
    for (const [i, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * i)
    const number = Number(BigInt.asIntN(8 * bytes.length, value))
    if (!Number.isSafeInteger(number)) throw this.#corrupt('a number in its pickle is too large')
    return number
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at)
    if (end < 0) throw this.#corrupt('its pickle is cut off')
    const line = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end + 1
    return line
  }

  #take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw this.#corrupt('its pickle is cut off')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #corrupt(reason: string): CheckpointCorruptError {
    return new CheckpointCorruptError(this.#reader.file, reason)
  }
}

const STOP = letter('.')

function letter(character: string): number {
  return character.charCodeAt(0)
}
