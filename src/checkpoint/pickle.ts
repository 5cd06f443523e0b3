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
      this.#do(operation)
    }
    throw this.#corrupt('its pickle has too many operations')
  }

  /** The letters are those of pickletools; from 0x80 on operations have none. */
  #do(operation: number): void {
    switch (operation) {
      case 0x80: // PROTO
        this.#take(1)
        return
      case 0x95: // FRAME
        this.#take(8)
        return
      case letter('N'):
        return this.#push(null)
      case 0x88: // NEWTRUE
        return this.#push(true)
      case 0x89: // NEWFALSE
        return this.#push(false)
      case letter('K'):
        return this.#push(this.#take(1).readUInt8())
      case letter('M'):
        return this.#push(this.#take(2).readUInt16LE())
      case letter('J'):
        return this.#push(this.#take(4).readInt32LE())
      case 0x8a: // LONG1
        return this.#push(this.#long(this.#take(this.#take(1).readUInt8())))
      case letter('G'):
        return this.#push(this.#take(8).readDoubleBE())
      case letter('X'):
        return this.#push(this.#take(this.#take(4).readUInt32LE()).toString('utf8'))
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#take(this.#take(1).readUInt8()).toString('utf8'))
      case letter(')'):
      case letter(']'):
        return this.#push([])
      case letter('}'):
        return this.#push(new Map())
      case letter('('):
        this.#stack.push(MARK)
        return
      case letter('t'):
        return this.#push(this.#popToMark())
      case 0x85: // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87:
        return this.#push(this.#popMany(operation - 0x84))
      case letter('a'): {
        const item = this.#pop()
        this.#list().push(item)
        return
      }
      case letter('e'): {
        const items = this.#popToMark()
        const list = this.#list()
        for (const item of items) list.push(item)
        return
      }
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
        return this.#recall(this.#take(1).readUInt8())
      case letter('j'):
        return this.#recall(this.#take(4).readUInt32LE())
      case letter('c'):
        return this.#push(this.#global(this.#line(), this.#line()))
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2)
        if (typeof module !== 'string' || typeof name !== 'string')
          throw this.#corrupt('a name in its pickle is no text')
        return this.#push(this.#global(module, name))
      }
      case letter('Q'):
        return this.#push(this.#reader.persistent(this.#pop()))
      case letter('R'): {
        const [callable, args] = this.#popMany(2)
        if (!(callable instanceof PickleGlobal) || !callable.call || !Array.isArray(args)) {
          throw this.#corrupt('its pickle calls what cannot be called')
        }
        return this.#push(callable.call(args))
      }
      case letter('b'): {
        // Attributes of a dict, such as the versions of its modules, are no tensors.
        this.#pop()
        if (!(this.#top() instanceof Map)) throw this.#corrupt('its pickle gives attributes to what has none')
        return
      }
      default:
        throw this.#corrupt(`its pickle has the operation 0x${operation.toString(16)}, which no state dict needs`)
    }
  }

  #global(module: string, name: string): PickleGlobal {
    const global = this.#reader.globals.get(`${module}.${name}`)
    if (global) return global
    throw new CheckpointUnsupportedError(
      `its '${this.#reader.file}' holds more than a state dict: it names '${module}.${name}'`,
      'Save the weights alone, by torch.save(model.state_dict(), …) or better as safetensors: nothing in a file is ever run.',
    )
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top()
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw this.#corrupt('its pickle fills what is no dict')
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]
      if (typeof key !== 'string' && typeof key !== 'number') throw this.#corrupt('a key in its pickle is no text')
      dict.set(key, items[i + 1]!)
    }
  }

  #list(): PickleValue[] {
    const list = this.#top()
    if (!Array.isArray(list)) throw this.#corrupt('its pickle fills what is no list')
    return list
  }

  #remember(place: number): void {
    this.#memo.set(place, this.#top())
  }

  #recall(place: number): void {
    const value = this.#memo.get(place)
    if (value === undefined) throw this.#corrupt('its pickle recalls what it has not remembered')
    this.#push(value)
  }

  #push(value: PickleValue): void {
    this.#stack.push(value)
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
