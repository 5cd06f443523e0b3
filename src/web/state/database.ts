/** What is kept in this browser: transcripts, a line about each for the list, and recordings. */

import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
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
}

interface Schema extends DBSchema {
  summaries: { key: string; value: Summary }
  transcripts: { key: string; value: Transcript }
  recordings: { key: string; value: { readonly id: string; readonly audio: Blob } }
  /** Outlines for drawing, so that a recording is decoded once. */
  peaks: { key: string; value: { readonly id: string; readonly peaks: readonly number[] } }
}

const STORES = ['summaries', 'transcripts', 'recordings', 'peaks'] as const

export type Database = IDBPDatabase<Schema>

/** Undefined where the browser keeps nothing for this page, as in some private windows. */
export async function openDatabase(): Promise<Database | undefined> {
  try {
    return await openDB<Schema>('paradox-asr', 1, {
      upgrade(database) {
        for (const name of STORES) database.createObjectStore(name, { keyPath: 'id' })
      },
    })
  } catch {
    return undefined
  }
}

/** Removes everything that belongs to a transcript. */
export async function removeFrom(database: Database, id: string): Promise<void> {
  const change = database.transaction(STORES, 'readwrite')
  await Promise.all([...STORES.map((name) => change.objectStore(name).delete(id)), change.done])
}

export async function removeAllFrom(database: Database): Promise<void> {
  const change = database.transaction(STORES, 'readwrite')
  await Promise.all([...STORES.map((name) => change.objectStore(name).clear()), change.done])
}
