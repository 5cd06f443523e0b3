/**
 * A watched folder whose watch lives in this process, on a scripted clock and with a transcriber that writes down the
 * bytes of its file. The files are real. Its lives end as by kill -9: whatever they were about to do, they do not.
 */

import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Wait } from '../../../src/async/backoff.ts'
import { noProgress } from '../../../src/cli/progress/index.ts'
import { writeOutputs } from '../../../src/cli/transcription/output-files.ts'
import { FolderWatch } from '../../../src/cli/watch/folder-watch.ts'
import { Journal } from '../../../src/cli/watch/journal.ts'
import { Transcripts } from '../../../src/cli/watch/transcripts.ts'
import { AudioUnreadableError } from '../../../src/errors/index.ts'
import { manualClock } from '../fakes/manual-clock.ts'
import { transcriptionOf } from '../fakes/scripted-transcriber.ts'

export const SETTLE_MS = 400
const WORK_MS = 1000
/** Milliseconds that the work between two waits may take on a busy machine. */
const MOST_TURNS = 50
const LONGEST_MS = 60_000

/** Where the next writing of outputs is cut off: behind the journal, or behind the outputs. */
export type CutOff = 'before outputs' | 'after outputs'

export interface WatchedFolder {
  readonly in: string
  readonly out: string
  /** All that was said, in all lives. */
  readonly lines: readonly string[]
  /** Number of transcriptions that were begun. */
  readonly nAsked: number
  /** Thrown by the transcriber, after its work; undefined where it works. */
  failure: Error | undefined
  /** Ends this life in the middle of its next writing. */
  cutOff: CutOff | undefined
  /** As a directory watcher tells of a file that was just written. */
  see(name: string): void
  /** Kills the life that is, and begins another. */
  restart(): Promise<void>
  /** Lets scripted time pass, and the work go on that waited for it. */
  pass(ms: number): Promise<void>
  /** Until nothing is left to do, however long that takes by the scripted clock. */
  rest(): Promise<void>
}

export function watchedFolder(folder: string): WatchedFolder {
  const [root, out] = [join(folder, 'in'), join(folder, 'out')]
  for (const made of [root, out]) mkdirSync(made)
  const clock = manualClock()
  const lines: string[] = []
  let life = newLife()
  let nAsked = 0
  const isAtRest = () => life.state.isIdle || !life.state.isAlive || life.state.nAsleep > 0

  function newLife() {
    const state = { isAlive: true, isIdle: true, nAsleep: 0, nWriting: 0, failure: undefined as unknown }
    const gate = async () => {
      if (!state.isAlive) await new Promise(() => {})
    }
    /** What a dead process has called never returns, and what it was about to call is not called. */
    const mortal = <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) => {
      return async (...args: Args): Promise<T> => {
        await gate()
        const result = await work(...args)
        await gate()
        return result
      }
    }
    /** What has begun comes to its end: a file system does not die with the process. */
    const writing = async (work: () => Promise<void>) => {
      state.nWriting++
      await work().finally(() => state.nWriting--)
    }
    const wait: Wait = mortal(async (ms, _signal) => {
      state.nAsleep++
      await new Promise<void>((resolve) => void clock.after(ms, resolve))
      state.nAsleep--
    })
    const journal = new Journal(out, (sentence) => void (state.isAlive && lines.push(`paradox: ${sentence}`)))
    const transcripts = new Transcripts({
      folder: out,
      formats: ['text', 'srt'],
      subtitles: {},
      journal: {
        get: mortal((output) => journal.get(output)),
        note: (output, entry) => journal.note(output, entry),
        save: mortal(() => writing(() => journal.save())),
      },
      write: mortal(async (contents) => {
        const { cutOff } = watched
        watched.cutOff = undefined
        if (cutOff === 'before outputs') state.isAlive = false
        await gate()
        await writing(() => writeOutputs(contents))
        if (cutOff === 'after outputs') state.isAlive = false
      }),
    })
    const watch = new FolderWatch({
      root,
      jobs: 2,
      settleMs: SETTLE_MS,
      language: undefined,
      options: {},
      hasWords: false,
      wait,
      signal: new AbortController().signal,
      display: {
        say: (line) => void (state.isAlive && lines.push(line.trimEnd())),
        progress: noProgress,
        expect: () => {},
        idle() {
          state.isIdle = true
        },
      },
      worker: {
        modelName: 'echo',
        // As an engine does, it reads the file while it works.
        transcribe: mortal(async ({ audioPath, signal }) => {
          nAsked++
          const before = await readFile(audioPath, 'utf8')
          await wait(WORK_MS, signal)
          const after = await readFile(audioPath, 'utf8')
          if (watched.failure) throw watched.failure
          if (before.startsWith('bad')) throw new AudioUnreadableError('it is bad')
          const half = before.length >> 1
          return transcriptionOf(textOf(before.slice(0, half) + after.slice(half)))
        }),
      },
      transcripts: {
        judge: mortal((recording, identity) => transcripts.judge(recording, identity)),
        checkWritable: mortal((outputs) => transcripts.checkWritable(outputs)),
        write: mortal((...args) => transcripts.write(...args)),
        state: mortal((recording) => transcripts.state(recording)),
      },
    })
    watch.failure.catch((error: unknown) => {
      state.failure = error
    })
    return {
      state,
      save: mortal(() => writing(() => journal.save())),
      see(name: string) {
        state.isIdle = false
        watch.see(join(root, name))
      },
    }
  }

  const watched: WatchedFolder = {
    in: root,
    out,
    lines,
    get nAsked() {
      return nAsked
    },
    failure: undefined,
    cutOff: undefined,
    see: (name) => life.see(name),
    async restart() {
      const { state } = life
      state.isAlive = false
      while (state.nWriting > 0) await delay(1)
      life = newLife()
      for (const name of readdirSync(root)) life.see(name)
    },
    async pass(ms) {
      for (let left = ms; left > 0; left -= SETTLE_MS) {
        // Real files take real time, in which the scripted clock stands still.
        for (let i = 0; i < MOST_TURNS && !isAtRest(); i++) await delay(1)
        clock.advance(Math.min(left, SETTLE_MS))
      }
    },
    async rest() {
      for (let round = 0; round < 2; round++) {
        if (!life.state.isAlive) await watched.restart()
        if (existsSync(root)) for (const name of readdirSync(root)) life.see(name)
        const deadline = performance.now() + LONGEST_MS
        while (!life.state.isIdle && life.state.isAlive) {
          if (life.state.failure) throw life.state.failure
          if (performance.now() > deadline) throw new Error(`the watch is still at work: ${lines.join('\n')}`)
          if (isAtRest()) clock.advance(600_000)
          await delay(1)
        }
        if (life.state.isAlive) await life.save()
      }
    },
  }
  return watched
}

/** What the transcriber hears in a file. */
export function textOf(contents: string): string {
  return `said: ${contents}`
}
