/** Writes what `torch.save` writes: a zip archive with the pickle of a dict and a record for each tensor's elements. */

import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import {
  type BuiltTensor,
  encodeTensor,
  type LazyTensor,
  product,
  writeFully,
  writeJson,
} from './checkpoint-builder.ts'
import { u16, u32, u64 } from './little-endian.ts'

// ── pickle ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A Python value: what stands for itself, or opcodes. */
export type Python =
  | null
  | boolean
  | number
  | string
  | Python[]
  | { readonly dict: readonly (readonly [Python, Python])[] }
  | Opcodes

/** Opcodes that leave one value on the stack. */
export class Opcodes {
  readonly bytes: Buffer

  constructor(...parts: readonly (string | Buffer)[]) {
    this.bytes = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))
  }
}

/** The pickle of a value in protocol 2, a tuple for each array. */
export function pickled(value: Python): Buffer {
  return Buffer.concat([Buffer.from([0x80, 2]), opcodes(value), Buffer.from('.')])
}

function opcodes(value: Python): Buffer {
  if (value === null) return Buffer.from('N')
  if (typeof value === 'boolean') return Buffer.from([value ? 0x88 : 0x89])
  if (typeof value === 'string')
    return Buffer.concat([Buffer.from('X'), u32(Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'number') return integer(value)
  if (value instanceof Opcodes) return value.bytes
  if (Array.isArray(value)) return Buffer.concat([Buffer.from('('), ...value.map(opcodes), Buffer.from('t')])
  const items = value.dict.flatMap(([key, item]) => [opcodes(key), opcodes(item)])
  return Buffer.concat([Buffer.from('}('), ...items, Buffer.from('u')])
}

function integer(value: number): Buffer {
  if (value >= 0 && value < 256) return Buffer.from([0x4b, value])
  const bytes = Buffer.alloc(5)
  bytes.write('J')
  bytes.writeInt32LE(value, 1)
  return bytes
}

/** A name of Python's. */
export function global(module: string, name: string): Opcodes {
  return new Opcodes(`c${module}\n${name}\n`)
}

export function call(callable: Opcodes, ...args: readonly Python[]): Opcodes {
  return new Opcodes(callable.bytes, opcodes([...args]), 'R')
}

export const ORDERED_DICT = call(global('collections', 'OrderedDict'))

// ── state dicts ─────────────────────────────────────────────────────────────────────────────────────────────────────

const STORAGES = { F32: 'FloatStorage', F16: 'HalfStorage', BF16: 'BFloat16Storage' } as const

export interface TensorView {
  /** Name of the record with its elements, whose type and number follow. */
  readonly key: string
  readonly storage: string
  readonly nElements: number
  readonly first?: number
  readonly shape: readonly number[]
  readonly strides?: readonly number[]
}

/** As `_rebuild_tensor_v2` is called. */
export function tensorView({
  key,
  storage,
  nElements,
  first = 0,
  shape,
  strides = rowMajor(shape),
}: TensorView): Opcodes {
  const id = opcodes(['storage', global('torch', storage), key, 'cpu', nElements])
  const stored = new Opcodes(id, 'Q')
  return call(
    global('torch._utils', '_rebuild_tensor_v2'),
    stored,
    first,
    [...shape],
    [...strides],
    false,
    ORDERED_DICT,
  )
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => product(shape.slice(axis + 1)))
}

export interface PytorchOptions {
  /** Puts the state dict into another value, as training programs do. */
  readonly wrapped?: (stateDict: Python) => Python
  /** Of records, names and contents beside those of the tensors. */
  readonly records?: Readonly<Record<string, Uint8Array>>
}

/** One file, gigabytes of lazy tensors included. */
export function writePytorch(
  path: string,
  tensors: Readonly<Record<string, BuiltTensor | LazyTensor>>,
  { wrapped = (value) => value, records = {} }: PytorchOptions = {},
): void {
  const dict = Object.entries(tensors).map(([name, { dtype, shape }], i) => {
    return [name, tensorView({ key: String(i), storage: STORAGES[dtype], nElements: product(shape), shape })] as const
  })
  const elements = Object.values(tensors).map(({ data, dtype }, i): ZipEntry => {
    return { name: `archive/data/${i}`, bytes: () => encodeTensor(typeof data === 'function' ? data() : data, dtype) }
  })
  writeZip(path, [
    { name: 'archive/data.pkl', bytes: () => pickled(wrapped({ dict })) },
    { name: 'archive/byteorder', bytes: () => Buffer.from('little') },
    ...elements,
    { name: 'archive/version', bytes: () => Buffer.from('3\n') },
    ...Object.entries(records).map(([name, bytes]) => ({ name, bytes: () => bytes })),
  ])
}

/** The same tensors dealt out to `nShards` files, with their index. */
export function writeShardedPytorch(
  folder: string,
  tensors: Readonly<Record<string, BuiltTensor | LazyTensor>>,
  nShards: number,
): void {
  const nameOf = (i: number) =>
    `pytorch_model-${String(i + 1).padStart(5, '0')}-of-${String(nShards).padStart(5, '0')}.bin`
  const shardOf = Object.keys(tensors).map((name, i) => [name, nameOf(i % nShards)] as const)
  for (let i = 0; i < nShards; i++) {
    const own = shardOf.filter(([, shard]) => shard === nameOf(i)).map(([name]) => [name, tensors[name]!] as const)
    writePytorch(join(folder, nameOf(i)), Object.fromEntries(own))
  }
  writeJson(join(folder, 'pytorch_model.bin.index.json'), { metadata: {}, weight_map: Object.fromEntries(shardOf) })
}

/** A file with this pickle and these records, whatever they say. */
export function writePickle(
  path: string,
  pickle: Uint8Array,
  records: Readonly<Record<string, Uint8Array>> = {},
): void {
  const entries = Object.entries({ 'data.pkl': pickle, ...records })
  writeZip(
    path,
    entries.map(([name, bytes]) => ({ name: `archive/${name}`, bytes: () => bytes })),
  )
}

// ── zip ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ZipEntry {
  readonly name: string
  readonly bytes: () => Uint8Array
}

const ALIGNMENT = 64

/**
 * Stored entries, their bytes at multiples of 64, and both ends of the directory: PyTorch writes that of 64 bits too.
 *
 * @param isWide  writes sizes and places in 64 bits, as it does where they need them.
 */
export function writeZip(path: string, entries: readonly ZipEntry[], isWide = false): void {
  writeFileSync(path, '')
  const file = openSync(path, 'w')
  try {
    const directory: Buffer[] = []
    let at = 0
    const write = (bytes: Uint8Array) => {
      writeFully(file, bytes)
      at += bytes.length
    }
    for (const { name, bytes } of entries) {
      const content = bytes()
      const header = { at, name: Buffer.from(name), size: content.length, crc: crc32(content) }
      write(localHeader(header))
      write(content)
      directory.push(directoryEntry(header, isWide))
    }
    const start = at
    for (const entry of directory) write(entry)
    write(ends(entries.length, at - start, start))
  } finally {
    closeSync(file)
  }
}

interface Header {
  readonly at: number
  readonly name: Buffer
  readonly size: number
  readonly crc: number
}

function localHeader({ at, name, size, crc }: Header): Buffer {
  const bare = at + 30 + name.length + 4
  const padding = (ALIGNMENT - (bare % ALIGNMENT)) % ALIGNMENT
  const extra = Buffer.concat([Buffer.from('FB'), u16(padding), Buffer.alloc(padding, 'Z')])
  return Buffer.concat([
    u32(0x04034b50),
    u16(0),
    u16(0x0800),
    u16(0),
    u32(0),
    u32(crc),
    u32(size),
    u32(size),
    u16(name.length),
    u16(extra.length),
    name,
    extra,
  ])
}

function directoryEntry({ at, name, size, crc }: Header, isWide: boolean): Buffer {
  const narrow = (value: number) => u32(isWide ? 0xffffffff : value)
  const extra = isWide ? Buffer.concat([u16(1), u16(24), u64(size), u64(size), u64(at)]) : Buffer.alloc(0)
  return Buffer.concat([
    u32(0x02014b50),
    u16(0),
    u16(0),
    u16(0x0800),
    u16(0),
    u32(0),
    u32(crc),
    narrow(size),
    narrow(size),
    u16(name.length),
    u16(extra.length),
    u16(0),
    u16(0),
    u16(0),
    u32(0),
    narrow(at),
    name,
    extra,
  ])
}

function ends(count: number, size: number, start: number): Buffer {
  const wide = Buffer.concat([
    u32(0x06064b50),
    u64(44),
    u16(0x31e),
    u16(45),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(size),
    u64(start),
  ])
  const locator = Buffer.concat([u32(0x07064b50), u32(0), u64(start + size), u32(1)])
  const plain = Buffer.concat([u32(0x06054b50), u16(0), u16(0), u16(count), u16(count), u32(size), u32(start), u16(0)])
  return Buffer.concat([wide, locator, plain])
}
