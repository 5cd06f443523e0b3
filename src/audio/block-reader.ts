/** ffmpeg's output, a Matroska stream of one track of PCM → blocks of samples, each with the time at which it is played. */

/** Samples that belong together. */
export interface Block {
  /** Place of the first sample on the output's clock. */
  readonly seconds: number
  /** Whole frames; a view into what was pushed. */
  readonly bytes: Uint8Array
}

/** @see https://www.rfc-editor.org/rfc/rfc8794 (EBML), https://www.rfc-editor.org/rfc/rfc9559 (Matroska) */
const ELEMENTS = {
  ...{ segment: 0x18538067, tracks: 0x1654ae6b, track: 0xae, audio: 0xe1 },
  ...{ cluster: 0x1f43b675, blockGroup: 0xa0 },
} as const
const CONTAINERS: ReadonlySet<number> = new Set(Object.values(ELEMENTS))
const CHANNELS = 0x9f
const CLUSTER_TIME = 0xe7
const BLOCKS: ReadonlySet<number> = new Set([0xa3, 0xa1])
/** Track number, time within the cluster, flags. */
const BLOCK_HEAD_BYTES = 4
/** Matroska's unit of time, unless a file says otherwise; ffmpeg's never do. */
const TICK_SECONDS = 0.001
/** ffmpeg's clusters hold 32 kB. More is no block of ours but something else than Matroska. */
const MOST_ELEMENT_BYTES = 2 ** 28

/**
 * Cuts the stream into blocks, whatever the borders of the chunks are. It reads what our own ffmpeg wrote and no upload; what is
 * no Matroska, which no ffmpeg writes that was asked for it, holds no blocks.
 */
export class BlockReader {
  #rest: Uint8Array = new Uint8Array(0)
  #clusterTicks = 0
  #nChannels = 1
  #isMatroska = true

  /** Of each frame, once the first block has come. */
  get nChannels(): number {
    return this.#nChannels
  }

  /**
   * @param bytes  any number of bytes.
   * @returns      the blocks that are complete by now.
   */
  push(bytes: Uint8Array): Block[] {
    if (!this.#isMatroska) return []
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength)
    const blocks: Block[] = []
    let at = 0
    for (;;) {
      const element = elementAt(view, at)
      if (element === 'none') this.#isMatroska = false
      if (element === 'none' || element === 'incomplete') break
      if (CONTAINERS.has(element.id)) {
        at = element.start
        continue
      }
      if (element.end > all.length) break
      if (element.id === CLUSTER_TIME) this.#clusterTicks = unsignedAt(view, element.start, element.end)
      if (element.id === CHANNELS) this.#nChannels = unsignedAt(view, element.start, element.end)
      if (BLOCKS.has(element.id)) {
        const ticks = this.#clusterTicks + view.getInt16(element.start + 1)
        blocks.push({
          seconds: ticks * TICK_SECONDS,
          bytes: all.subarray(element.start + BLOCK_HEAD_BYTES, element.end),
        })
      }
      at = element.end
    }
    this.#rest = all.slice(at)
    return blocks
  }
}

interface Element {
  readonly id: number
  /** First byte of the contents. */
  readonly start: number
  /** One past the last byte of the contents; without meaning for containers, whose length may not be known. */
  readonly end: number
}

/** The element whose head begins at a place. */
function elementAt(view: DataView, at: number): Element | 'incomplete' | 'none' {
  if (at >= view.byteLength) return 'incomplete'
  const nIdBytes = Math.clz32(view.getUint8(at)) - 23
  if (nIdBytes > 4) return 'none'
  const sizeAt = at + nIdBytes
  if (sizeAt >= view.byteLength) return 'incomplete'
  const nSizeBytes = Math.clz32(view.getUint8(sizeAt)) - 23
  if (nSizeBytes > 8) return 'none'
  const start = sizeAt + nSizeBytes
  if (start > view.byteLength) return 'incomplete'
  const id = unsignedAt(view, at, sizeAt)
  const withoutMarker = view.getUint8(sizeAt) & (0x7f >> (nSizeBytes - 1)) // the bit that tells how long the size is
  const size = withoutMarker * 256 ** (nSizeBytes - 1) + unsignedAt(view, sizeAt + 1, start)
  if (size > MOST_ELEMENT_BYTES && !CONTAINERS.has(id)) return 'none'
  return { id, start, end: start + size }
}

function unsignedAt(view: DataView, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) value = value * 256 + view.getUint8(at)
  return value
}
