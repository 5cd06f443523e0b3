/** What is kept in this browser: transcripts, a line about each for the list, and recordings. */

import { signal } from '@preact/signals'
import {
  type DBSchema,
  type IDBPDatabase,
  type IDBPObjectStore,
  type IDBPTransaction,
  openDB,
  type StoreNames,
} from 'idb'
import type { Transcript } from '../transcript/transcript.ts'

/** What the list shows of a transcript. */
export interface Summary {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly durationSeconds: number
  readonly language: string | undefined
  /** Its first words; empty where nothing is said. */
  readonly beginning: string
  readonly isEdited: boolean
  /** Of the recording that is kept; 0: none is. */
  readonly audioBytes: number
  /** The recording exists nowhere else. */
  readonly isFromMicrophone?: boolean
}

/** A recording of the microphone that no transcript was made of yet. */
export interface Capture {
  readonly id: string
  /** Of its file. */
  readonly name: string
}

interface Schema extends DBSchema {
  summaries: { key: string; value: Summary }
  transcripts: { key: string; value: Transcript }
  recordings: { key: string; value: { readonly id: string; readonly audio: Blob } }
  /** Outlines for drawing, so that a recording is decoded once. */
  peaks: { key: string; value: { readonly id: string; readonly peaks: readonly number[] } }
  captures: { key: string; value: Capture }
  /** The sound of a capture, second by second, until it is in `recordings` as a whole. */
  pieces: {
    key: [id: string, index: number]
    value: { readonly id: string; readonly index: number; readonly type: string; readonly sound: ArrayBuffer }
  }
}

const FIRST_STORES = ['summaries', 'transcripts', 'recordings', 'peaks'] as const
const VERSION = 2

export type Database = IDBPDatabase<Schema>

/**
 * `none`: the browser keeps nothing for this page, as in some private windows. `blocked`: another tab has an older page
 * open, which has to be closed first. `outdated`: another tab has a newer page open, and has changed the database.
 */
export type DatabaseState = 'opening' | 'open' | 'none' | 'blocked' | 'outdated'

export const databaseState = signal<DatabaseState>('opening')

/** Undefined while there is no connection; the next use opens one. */
let connection: Promise<Database | undefined> | undefined

/**
 * What comes of work on the database; undefined where there is none.
 *
 * @param work  done a second time where the browser has dropped the connection in the middle.
 * @throws what the work throws, such as a QuotaExceededError.
 */
export async function inDatabase<T>(work: (database: Database) => Promise<T>): Promise<T | undefined> {
  const used = connected()
  const database = await used
  if (database === undefined) return undefined
  try {
    return await work(database)
  } catch (error) {
    if ((error as DOMException).name === 'InvalidStateError' && connection === used) connection = undefined
    if (connection === used) throw error
    const another = await connected()
    return another && (await work(another))
  }
}

/** Whether the work's changes are in the database; false where it is full, or there is none. */
export async function isWritten(change: (database: Database) => Promise<unknown>): Promise<boolean> {
  try {
    const done = await inDatabase(async (database) => {
      await change(database)
      return true
    })
    if (done) askToStay()
    return done ?? false
  } catch {
    return false
  }
}

/** Changes these stores together: all of it, or nothing. */
export async function changeTogether<Stores extends StoreNames<Schema>[]>(
  database: Database,
  stores: Stores,
  change: (transaction: IDBPTransaction<Schema, Stores, 'readwrite'>) => Promise<unknown>,
  options?: IDBTransactionOptions,
): Promise<void> {
  const transaction = database.transaction(stores, 'readwrite', options)
  const { done } = transaction
  done.catch(() => {}) // it is awaited below, unless the change fails first
  try {
    await change(transaction)
  } catch (error) {
    abort(transaction)
    throw error
  }
  await done
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort()
  } catch {} // what failed has done so
}

/** Removes everything that belongs to these transcripts or captures. */
export async function removeFrom(database: Database, ids: readonly string[]): Promise<void> {
  await changeTogether(database, [...FIRST_STORES, 'captures', 'pieces'], (change) =>
    Promise.all(
      ids.flatMap((id) => [
        ...FIRST_STORES.map((name) => change.objectStore(name).delete(id)),
        change.objectStore('captures').delete(id),
        change.objectStore('pieces').delete(piecesOf(id)),
      ]),
    ),
  )
}

/** Keys of the pieces of a capture, in order. */
export function piecesOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id], [id, []]) // an array comes after every number
}

function connected(): Promise<Database | undefined> {
  connection ??= open()
  return connection
}

async function open(): Promise<Database | undefined> {
  try {
    const database = await openDB<Schema>('paradox-asr', VERSION, {
      upgrade(database, oldVersion, _version, change) {
        if (oldVersion < 1) for (const name of FIRST_STORES) database.createObjectStore(name, { keyPath: 'id' })
        else void markRecorded(change.objectStore('summaries')).catch(() => {}) // then opening fails, too
        database.createObjectStore('captures', { keyPath: 'id' })
        database.createObjectStore('pieces', { keyPath: ['id', 'index'] })
      },
      blocked: () => {
        databaseState.value = 'blocked'
      },
      // Another tab wants to change it, and waits until this one lets go.
      blocking: (_current, _wanted, event) => {
        ;(event.target as IDBDatabase).close()
        connection = undefined
      },
      terminated: () => {
        connection = undefined
      },
    })
    databaseState.value = 'open'
    return database
  } catch (error) {
    connection = undefined
    databaseState.value = (error as DOMException).name === 'VersionError' ? 'outdated' : 'none'
    return undefined
  }
}

/** Pages of version 1 did not write down what was recorded with them; the names that they gave tell it. */
const RECORDED_NAME = /^(Recording|Gravação) [\d-]+ .+\.(ogg|webm|m4a)$/

async function markRecorded(summaries: IDBPObjectStore<Schema, StoreNames<Schema>[], 'summaries', 'versionchange'>) {
  for (const line of await summaries.getAll()) {
    if (RECORDED_NAME.test(line.name)) await summaries.put({ ...line, isFromMicrophone: true })
  }
}

let hasAsked = false

/** Asks the browser, once something is kept, not to remove it when it wants room. */
function askToStay(): void {
  if (hasAsked) return
  hasAsked = true
  void navigator.storage?.persist?.().catch(() => {}) // absent over plain http from another machine
}
