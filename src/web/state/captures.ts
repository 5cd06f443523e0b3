/**
 * Recordings of the microphone, kept second by second while they are made. Each belongs to the tab that made it; where
 * that tab goes, by a reload or a crash, another one takes it over.
 */

import { type Capture, changeTogether, type Database, inDatabase, isWritten, piecesOf, removeFrom } from './database.ts'
import { forgetUnkept, keep, retryUnkept } from './unkept.ts'

/** Recordings whose sound is in the database up to its end. */
const whole = new Set<string>()
/** Ends a claim, by the id of its recording. */
const claims = new Map<string, () => void>()

/** Writes the pieces of a recording as they come; those that found no room are tried again with each later one. */
export class CaptureWriter {
  readonly #capture: Capture
  readonly #unwritten: Blob[] = []
  #writtenCount = 0
  #writing: Promise<boolean> = Promise.resolve(true)

  constructor(capture: Capture) {
    this.#capture = capture
    void claim(capture.id)
  }

  /** False where this piece, or one before it, is in memory alone. */
  add(piece: Blob): Promise<boolean> {
    this.#unwritten.push(piece)
    this.#writing = this.#writing.then(() => this.#write()).catch(() => false)
    return this.#writing
  }

  /** To be called after the last piece: puts them together. */
  async end(sound: Blob): Promise<void> {
    if (await this.#writing) whole.add(this.#capture.id)
    await keepWhole(this.#capture.id, sound, this.#capture)
  }

  async discard(): Promise<void> {
    await this.#writing
    await dropCapture(this.#capture.id)
  }

  async #write(): Promise<boolean> {
    const { id } = this.#capture
    const written = [...this.#unwritten]
    const sounds = await Promise.all(written.map((piece) => piece.arrayBuffer()))
    const isKept = await isWritten((database) =>
      changeTogether(
        database,
        ['captures', 'pieces'],
        (change) => {
          const pieces = sounds.map((sound, i) =>
            change.objectStore('pieces').put({ id, index: this.#writtenCount + i, type: written[i]!.type, sound }),
          )
          return Promise.all([change.objectStore('captures').put(this.#capture), ...pieces])
        },
        { durability: 'strict' }, // on the disk, not only in the system's memory: a second of sound is little
      ),
    )
    if (!isKept) return false
    this.#unwritten.splice(0, written.length)
    this.#writtenCount += written.length
    return true
  }
}

/**
 * Keeps the sound of a recording in one piece. Where there is no room for a copy, its pieces do as well.
 *
 * @param capture  while it has no transcript.
 */
export async function keepWhole(id: string, sound: Blob, capture?: Capture): Promise<void> {
  await keep('sound', id, async () => {
    const isKept = await isWritten((database) =>
      changeTogether(database, ['recordings', 'pieces', 'captures'], (change) =>
        Promise.all([
          change.objectStore('recordings').put({ id, audio: sound }),
          change.objectStore('pieces').delete(piecesOf(id)),
          capture && change.objectStore('captures').put(capture),
        ]),
      ),
    )
    if (isKept) whole.add(id)
    return whole.has(id)
  })
}

/** Whether the sound of a recording is in the database up to its end, in one piece or several. */
export function isSoundKept(id: string): boolean {
  return whole.has(id)
}

/** The recording that is kept under this id, whole or in pieces. */
export async function readSound(database: Database, id: string): Promise<Blob | undefined> {
  const kept = await database.get('recordings', id)
  if (kept !== undefined) return kept.audio
  const pieces = await database.getAll('pieces', piecesOf(id))
  const type = pieces[0]?.type
  return type === undefined
    ? undefined
    : new Blob(
        pieces.map(({ sound }) => sound),
        { type },
      )
}

/**
 * Offers each recording that has no transcript: now, or when the tab that it belongs to has gone.
 *
 * @param offer  called once for each; the recording is this tab's from then on.
 */
export async function takeOverCaptures(offer: (capture: Capture, sound: Blob) => void): Promise<void> {
  const captures = (await inDatabase((database) => database.getAll('captures'))) ?? []
  for (const { id } of captures) {
    void claim(id).then(async () => {
      const found = await inDatabase(async (database) => ({
        capture: await database.get('captures', id),
        sound: await readSound(database, id),
        pieces: await database.count('pieces', piecesOf(id)),
      }))
      if (found?.capture === undefined || found.sound === undefined) return releaseCapture(id) // it was sent or discarded
      whole.add(id)
      offer(found.capture, found.sound)
      if (found.pieces > 0) await keepWhole(id, found.sound, found.capture)
    })
  }
}

/** Adds a recording that was made elsewhere, unless it or its transcript is here. */
export async function putCapture(capture: Capture, sound: Blob): Promise<'added' | 'known' | 'no room'> {
  const { id } = capture
  let isKnown = false
  const isKept = await isWritten((database) =>
    changeTogether(database, ['captures', 'summaries', 'recordings'], async (change) => {
      const found = await Promise.all([
        change.objectStore('captures').count(id),
        change.objectStore('summaries').count(id),
      ])
      isKnown = found.some((count) => count > 0)
      if (isKnown) return
      await Promise.all([
        change.objectStore('captures').put(capture),
        change.objectStore('recordings').put({ id, audio: sound }),
      ])
    }),
  )
  if (!isKept || isKnown) return isKept ? 'known' : 'no room'
  void claim(id)
  whole.add(id)
  return 'added'
}

/** Throws a recording away. */
export async function dropCapture(id: string): Promise<void> {
  forgetUnkept(id)
  whole.delete(id)
  await inDatabase((database) => removeFrom(database, [id]))
  releaseCapture(id)
  await retryUnkept()
}

/** Lets go of a recording that has a transcript now, or is none any more. */
export function releaseCapture(id: string): void {
  claims.get(id)?.()
  claims.delete(id)
}

/** Waits while it belongs to another tab; the browser ends a claim with the tab, however that ends. */
function claim(id: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  void navigator.locks.request(`paradox-asr ${id}`, () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    claims.set(id, release)
    resolve()
    return released
  })
  return promise
}
